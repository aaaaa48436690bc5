// What a run in the background and the command that started it say to each other, until it has begun. The run has neither a
// terminal nor a standard input: questions are asked by the command, which then leaves.
//   background → foreground   say, ask, agreed (nothing is asked any more: the run goes on when the terminal goes), begun
//   foreground → background   answer

/** With `start`: the run is one in the background. */
export interface BackgroundStart {
  /** Id of the run. */
  readonly id: string;
  /** Where its lines go; undefined when there is no log. */
  readonly log?: string;
  /** Whether somebody sits at the terminal. */
  readonly canAsk: boolean;
}

/** What may be typed to look at a run and to stop it is made from this. */
export interface Begun {
  readonly id: string;
  readonly pid: number;
  readonly log?: string;
}

export type ToForeground =
  | { readonly type: 'say' | 'say-error'; readonly text: string }
  | { readonly type: 'ask'; readonly question: string; readonly hidden: boolean }
  | { readonly type: 'agreed' }
  | { readonly type: 'begun'; readonly run: Begun };
export type FromForeground = { readonly type: 'answer'; readonly line?: string };

/** The terminal that the command was typed at, seen from the run. After `begun`, or when it is gone, it is silent. */
export class Foreground {
  readonly start: BackgroundStart;
  readonly #onGone: () => void;
  #isAgreed = false;
  #isBegun = false;
  #answer: ((line: string | undefined) => void) | undefined;

  /** `onGone`: the terminal went away before all questions were answered. */
  constructor(start: BackgroundStart, onGone: () => void) {
    this.start = start;
    this.#onGone = onGone;
    process.on('disconnect', () => this.#gone());
  }

  /** Somebody reads what is said. */
  get isThere(): boolean {
    return process.connected && !this.#isBegun;
  }

  get canAsk(): boolean {
    return this.start.canAsk && this.isThere;
  }

  say(text: string): void {
    this.#tell({ type: 'say', text });
  }

  sayError(text: string): void {
    this.#tell({ type: 'say-error', text });
  }

  /** Undefined at the end of input, or when nobody is there any more. */
  ask(question: string, { hidden = false }: { readonly hidden?: boolean }): Promise<string | undefined> {
    if (!this.canAsk) return Promise.resolve(undefined);
    this.#tell({ type: 'ask', question, hidden });
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  answered({ line }: FromForeground): void {
    this.#answer?.(line);
    this.#answer = undefined;
  }

  /** The person has said yes: from now on the run needs nobody. */
  agree(): void {
    if (this.#isAgreed) return;
    this.#isAgreed = true;
    this.#tell({ type: 'agreed' });
  }

  /** The first card is being written. */
  begin(run: Begun): void {
    if (this.#isBegun) return;
    this.agree();
    this.#tell({ type: 'begun', run });
    this.#isBegun = true;
  }

  #tell(message: ToForeground): void {
    if (this.isThere) process.send?.(message, () => undefined);
  }

  #gone(): void {
    this.answered({ type: 'answer' });
    if (!this.#isAgreed) this.#onGone();
  }
}
