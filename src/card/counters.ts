// What a card's worker and the main thread tell each other while a card is burned: numbers in shared memory. The
// worker writes phase and bytes, the main thread reads them ten times a second and may set the cancel flag.

import { type Phase, phases } from '../protocol.js';

const word = { phase: 0, cancel: 1, beats: 2 } as const; // 32-bit words
const long = { done: 2, total: 3 } as const; // 64-bit words
const sizeBytes = 32;

export class CardCounters {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(sizeBytes)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
    this.#longs = new BigInt64Array(shared);
  }

  get phase(): Phase {
    return phases[Atomics.load(this.#words, word.phase)] ?? 'done';
  }

  /** Bytes done in this phase. */
  get doneBytes(): number {
    return Number(Atomics.load(this.#longs, long.done));
  }

  /** Bytes to do in this phase, as far as known. */
  get totalBytes(): number {
    return Number(Atomics.load(this.#longs, long.total));
  }

  /** A number that changes whenever the worker came a step further: what the watchdog looks at. */
  get beats(): number {
    return Atomics.load(this.#words, word.beats);
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, word.cancel) !== 0;
  }

  cancel(): void {
    Atomics.store(this.#words, word.cancel, 1);
  }

  enter(phase: Phase, totalBytes: number): void {
    Atomics.store(this.#longs, long.done, 0n);
    Atomics.store(this.#longs, long.total, BigInt(totalBytes));
    Atomics.store(this.#words, word.phase, phases.indexOf(phase));
    this.#beat();
  }

  add(lengthBytes: number): void {
    Atomics.add(this.#longs, long.done, BigInt(lengthBytes));
    this.#beat();
  }

  /** The total grows while the image is still being decoded. */
  expect(totalBytes: number): void {
    Atomics.store(this.#longs, long.total, BigInt(totalBytes));
  }

  #beat(): void {
    Atomics.add(this.#words, word.beats, 1);
  }
}
