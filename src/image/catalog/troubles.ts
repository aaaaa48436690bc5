// What is wrong with a list, collected instead of thrown: one bad entry must not hide the good ones.

const mostTroubles = 200;

export class Troubles {
  readonly #texts: string[] = [];
  #hidden = 0;

  add(text: string): void {
    if (this.#texts.length < mostTroubles) this.#texts.push(text);
    else this.#hidden += 1;
  }

  /** All of them, or the first 200 and how many more there were. */
  get all(): readonly string[] {
    return this.#hidden === 0 ? this.#texts : [...this.#texts, `${this.#hidden} more entries or fields are broken`];
  }
}
