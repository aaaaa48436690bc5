// What the worker and the main thread tell each other while a medium is worked on: numbers in shared memory. The worker
// writes step, bytes and beats; the main thread reads them ten times a second and may set the cancel flag.

import { type ProbeStep, probeSteps } from '../protocol/probe.js';

const word = { step: 0, cancel: 1, beats: 2, touched: 3 } as const; // 32-bit words
const long = { done: 2, total: 3 } as const; // 64-bit words
const sizeBytes = 32;

export class Progress {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(sizeBytes)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
    this.#longs = new BigInt64Array(shared);
  }

  get step(): ProbeStep {
    return probeSteps[Atomics.load(this.#words, word.step)] ?? 'done';
  }

  /** Bytes done, and to do, in this step. */
  get doneBytes(): number {
    return Number(Atomics.load(this.#longs, long.done));
  }

  get totalBytes(): number {
    return Number(Atomics.load(this.#longs, long.total));
  }

  /** Changes with every request: what tells a slow card from one that hangs. */
  get beats(): number {
    return Atomics.load(this.#words, word.beats);
  }

  /** Something was written: the old content is gone. */
  get touched(): boolean {
    return Atomics.load(this.#words, word.touched) !== 0;
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, word.cancel) !== 0;
  }

  cancel(): void {
    Atomics.store(this.#words, word.cancel, 1);
  }

  touch(): void {
    Atomics.store(this.#words, word.touched, 1);
  }

  enter(step: ProbeStep, totalBytes: number): void {
    Atomics.store(this.#longs, long.done, 0n);
    Atomics.store(this.#longs, long.total, BigInt(totalBytes));
    Atomics.store(this.#words, word.step, probeSteps.indexOf(step));
    this.#beat();
  }

  add(lengthBytes: number): void {
    Atomics.add(this.#longs, long.done, BigInt(lengthBytes));
    this.#beat();
  }

  #beat(): void {
    Atomics.add(this.#words, word.beats, 1);
  }
}
