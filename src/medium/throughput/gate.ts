// Where the threads of one step meet: none begins before all are there, and the first that has enough ends it for all, so
// that everything measured was measured while all of them worked. Two numbers in shared memory.

const field = { arrived: 0, stopped: 1 } as const;
const sizeBytes = 8;
/** A thread that hangs must not keep the others for ever. */
const patienceMs = 5_000;
const lookMs = 100;

export class StepGate {
  readonly shared: SharedArrayBuffer;
  readonly #fields: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(sizeBytes)) {
    this.shared = shared;
    this.#fields = new Int32Array(shared);
  }

  /** Blocks its thread until `count` have come, `isOver` says that nobody need wait, or patience ends. */
  meet(count: number, isOver: () => boolean): void {
    Atomics.add(this.#fields, field.arrived, 1);
    Atomics.notify(this.#fields, field.arrived);
    const endMs = performance.now() + patienceMs;
    while (!isOver() && performance.now() < endMs) {
      const arrived = Atomics.load(this.#fields, field.arrived);
      if (arrived >= count) return;
      Atomics.wait(this.#fields, field.arrived, arrived, lookMs);
    }
  }

  get stopped(): boolean {
    return Atomics.load(this.#fields, field.stopped) !== 0;
  }

  stop(): void {
    Atomics.store(this.#fields, field.stopped, 1);
  }
}
