// Cooperative cancel: a worker is never terminated, it ends at its next segment.

export class Cancellation {
  readonly #actions = new Set<() => void>();
  #requested = false;

  get requested(): boolean {
    return this.#requested;
  }

  request(): void {
    this.#requested = true;
    for (const action of this.#actions) action();
  }

  /** Calls `action` when cancel is (or was) requested; returns a function that forgets it. */
  on(action: () => void): () => void {
    if (this.#requested) action();
    this.#actions.add(action);
    return () => this.#actions.delete(action);
  }
}
