// How far a file has come that is still being written by another thread: the download goes on in the main thread while
// the spool worker reads what is there. One writer, any number of readers; a file that lies there whole needs none.

import { setTimeout } from 'node:timers/promises';

/** `growing`: more will come. `complete`: every byte is there. `failed`: no more will come. */
export type GrowthState = 'growing' | 'complete' | 'failed';

// Shared memory: state (32 bits), 4 bytes unused, bytes that are there (64 bits).
const states: readonly GrowthState[] = ['growing', 'complete', 'failed'];
const lookAgainMs = 10;

export class Growth {
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #available: BigInt64Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#state = new Int32Array(shared, 0, 1);
    this.#available = new BigInt64Array(shared, 8, 1);
  }

  static create(): Growth {
    return new Growth(new SharedArrayBuffer(16));
  }

  get state(): GrowthState {
    return states[Atomics.load(this.#state, 0)] ?? 'failed';
  }

  /** Bytes that may be read now. */
  get availableBytes(): number {
    return Number(Atomics.load(this.#available, 0));
  }

  /** Writer: so many bytes are in the file now. */
  advance(availableBytes: number): void {
    Atomics.store(this.#available, 0, BigInt(availableBytes));
  }

  /** Writer: no more bytes will come. */
  finish(state: 'complete' | 'failed'): void {
    Atomics.store(this.#state, 0, states.indexOf(state));
  }

  /** Reader: waits until there are more bytes than `offsetBytes`, or until no more will come. Returns how many there are. */
  async beyond(offsetBytes: number): Promise<number> {
    // The state is read first: bytes that came before the end are counted after it.
    while (this.state === 'growing' && this.availableBytes <= offsetBytes) await setTimeout(lookAgainMs);
    return this.availableBytes;
  }

  /** Reader: waits for the end. */
  async ended(): Promise<'complete' | 'failed'> {
    for (;;) {
      const state = this.state;
      if (state !== 'growing') return state;
      await setTimeout(lookAgainMs);
    }
  }
}
