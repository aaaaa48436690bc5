// What a card's worker and the main thread tell each other while a card is burned: numbers in shared memory. The
// worker writes all of them but the cancel flag, which the main thread may set; that one reads them ten times a second.

import { type Phase, phases } from '../protocol.js';

const word = { phase: 0, cancel: 1, beats: 2, slowestMs: 3, latePieces: 8, hasCardId: 9 } as const; // 32-bit words
const long = { done: 2, total: 3 } as const; // 64-bit words
const cardIdAt = 40;
const cardIdBytes = 16;
const sizeBytes = 64;

export class CardCounters {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #cardId: Uint8Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(sizeBytes)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
    this.#longs = new BigInt64Array(shared);
    this.#cardId = new Uint8Array(shared, cardIdAt, cardIdBytes);
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

  /** How long the slowest piece of this phase took, in milliseconds. */
  get slowestMs(): number {
    return Atomics.load(this.#words, word.slowestMs);
  }

  /** Pieces of this phase that took far longer than the others (src/card/latency.ts). */
  get latePieces(): number {
    return Atomics.load(this.#words, word.latePieces);
  }

  /** The identity of the card, 32 hexadecimal digits: known before anything is written when it has one. */
  get cardId(): string | undefined {
    return Atomics.load(this.#words, word.hasCardId) === 0 ? undefined : Buffer.from(this.#cardId).toString('hex');
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
    Atomics.store(this.#words, word.slowestMs, 0);
    Atomics.store(this.#words, word.latePieces, 0);
    Atomics.store(this.#words, word.phase, phases.indexOf(phase));
    this.beat();
  }

  add(lengthBytes: number): void {
    Atomics.add(this.#longs, long.done, BigInt(lengthBytes));
    this.beat();
  }

  /** The total grows while the image is still being decoded. */
  expect(totalBytes: number): void {
    Atomics.store(this.#longs, long.total, BigInt(totalBytes));
  }

  notePiece(elapsedMs: number, isLate: boolean): void {
    const wholeMs = Math.min(Math.round(elapsedMs), 0x7fffffff);
    if (wholeMs > this.slowestMs) Atomics.store(this.#words, word.slowestMs, wholeMs);
    if (isLate) Atomics.add(this.#words, word.latePieces, 1);
  }

  /** Once: the flag is stored after the identity, so that a reader sees a whole one. */
  noteCardId(cardId: string): void {
    this.#cardId.set(Buffer.from(cardId, 'hex').subarray(0, cardIdBytes));
    Atomics.store(this.#words, word.hasCardId, 1);
  }

  beat(): void {
    Atomics.add(this.#words, word.beats, 1);
  }
}
