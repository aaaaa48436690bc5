// SHA-256 of an image, window by window. For a large one on a thread of its own, since without instructions for it
// (a Raspberry Pi, an older PC) it takes longer than most decoders; a few windows lie between the two.

import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { moduleUrl } from '../code-root.js';
import { failure } from '../errors.js';
import { segmentBytesMax } from './segment-table.js';
import type { WindowBuffers } from './windows.js';

/** Buffers for the windows of one image, and the digest of what was in them. */
export interface WindowHash extends WindowBuffers {
  /** Takes the window that lies at the beginning of the buffer handed out last. */
  update(window: Uint8Array): void;
  /** 64 hexadecimal digits; call it once, behind the last window. */
  digest(): Promise<string>;
  /** Call it in the end, however that came. */
  close(): Promise<void>;
}

/** Starting a thread takes as long as hashing so much. */
const threadFromBytes = 256 * 1024 * 1024;

/** `imageBytes`: undefined while nobody knows it. */
export const hashWindows = (imageBytes: number | undefined): WindowHash =>
  (imageBytes ?? threadFromBytes) < threadFromBytes ? hashHere() : new HashThread();

function hashHere(): WindowHash {
  const hash = createHash('sha256');
  const { next } = oneBuffer();
  return {
    next,
    update: (window) => void hash.update(window),
    digest: async () => hash.digest('hex'),
    close: async () => undefined,
  };
}

/** The same buffer again and again, for windows that nobody looks at later. */
export function oneBuffer(): WindowBuffers {
  const buffer = Buffer.alloc(segmentBytesMax);
  return { next: async () => buffer };
}

// Shared memory: windows handed over, windows hashed, state, unused (32 bits each), then a length for each slot.
const slotCount = 3;
export const hashWords = { handed: 0, hashed: 1, state: 2, lengths: 4 } as const;
export const hashStates = { hashing: 0, complete: 1, given: 2 } as const;

/** What the thread gets. */
export interface HashJob {
  readonly words: Int32Array;
  readonly slots: readonly Uint8Array[];
}

const waitMs = 20;

class HashThread implements WindowHash {
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * (hashWords.lengths + slotCount)));
  readonly #slots = Array.from({ length: slotCount }, () => Buffer.from(new SharedArrayBuffer(segmentBytesMax)));
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #asked = 0;
  #handed = 0;
  #digest: string | undefined;
  #hasEnded = false;
  #trouble: unknown;

  constructor() {
    const workerData: HashJob = { words: this.#words, slots: this.#slots };
    const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };
    this.#worker = new Worker(moduleUrl('image/window-hash-worker.js'), { workerData, resourceLimits });
    this.#worker.on('message', (digest: string) => {
      this.#digest = digest;
    });
    this.#worker.on('error', (error) => {
      this.#trouble = error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  /** Blocks this thread where the other one is behind: whatever feeds us can wait as well. */
  async next(): Promise<Buffer> {
    for (;;) {
      const hashed = Atomics.load(this.#words, hashWords.hashed);
      if (this.#asked - hashed < slotCount) break;
      this.#check();
      Atomics.wait(this.#words, hashWords.hashed, hashed, waitMs);
      await setImmediate();
    }
    const slot = this.#slots[this.#asked++ % slotCount];
    return slot ?? Buffer.alloc(segmentBytesMax);
  }

  update(window: Uint8Array): void {
    Atomics.store(this.#words, hashWords.lengths + (this.#handed % slotCount), window.length);
    Atomics.store(this.#words, hashWords.handed, ++this.#handed);
    Atomics.notify(this.#words, hashWords.handed);
  }

  async digest(): Promise<string> {
    await this.#end(hashStates.complete);
    if (this.#digest === undefined) this.#check();
    return this.#digest ?? '';
  }

  /** Never terminated: it ends by itself. */
  async close(): Promise<void> {
    if (!this.#hasEnded) await this.#end(hashStates.given);
  }

  async #end(state: number): Promise<void> {
    Atomics.store(this.#words, hashWords.state, state);
    Atomics.notify(this.#words, hashWords.handed);
    await this.#ended;
  }

  #check(): void {
    if (this.#hasEnded)
      throw failure('HASH_FAILED', `the thread that hashes the image ended early: ${String(this.#trouble)}`, {
        hint: 'perhaps the memory ran out: close other programs',
      });
  }
}
