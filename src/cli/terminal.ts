// The person's side: where text goes, whether there is somebody to answer, live lines that are redrawn in place,
// questions, and Ctrl-C. Nothing else of piburn knows about a terminal.

import { isatty, ReadStream } from 'node:tty';
import type { Foreground } from './foreground.js';
import { LiveLines } from './live-lines.js';
import { guardOutputs, type Outputs } from './outputs.js';
import { openTerminal, readHidden, readLine, setRaw } from './read-line.js';

const redrawMs = 100;

/** Whether an answer is a yes; none is a no. */
export const isYes = (answer: string | undefined): boolean => /^\s*y(es)?\s*$/i.test(answer ?? '');

export interface Question {
  readonly hidden?: boolean;
  /** Standard input is the image, so only the terminal itself will do. */
  readonly stdinTaken?: boolean;
}

export class Terminal {
  /** Text for people goes to standard output, or to standard error while standard output carries JSON. */
  out: NodeJS.WriteStream = process.stdout;
  /** Set in the background, where standard output is a log: the terminal that the command was typed at, while it is there. */
  foreground: Foreground | undefined;
  readonly outputs: Outputs = guardOutputs();
  readonly #interrupts = new Set<() => void>();
  readonly #lines = new LiveLines(() => this.out);
  #live: (() => string[]) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #questions: Promise<unknown> = Promise.resolve();
  /** The last line of the question that waits for its answer. */
  #prompt = '';
  /** What a hidden answer is being read from. */
  #raw: ReadStream | NodeJS.ReadStream | undefined;
  #isSuspended = false;
  readonly #onResize = () => this.#redraw();

  get color(): boolean {
    return colorOn(this.out);
  }

  get errorColor(): boolean {
    return colorOn(process.stderr);
  }

  get isLive(): boolean {
    return this.out.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  get columns(): number {
    return this.out.columns || 80; // a terminal without a size says 0
  }

  /** Whether somebody can be asked. */
  canAsk(stdinTaken: boolean): boolean {
    if (this.foreground !== undefined) return this.foreground.canAsk;
    if (!isatty(1) && !isatty(2)) return false;
    // Not `process.stdin.isTTY`: merely looking at it makes a piped image non-blocking, and slow to read.
    return stdinTaken || isatty(0);
  }

  /** Calls `action` at Ctrl-C; returns a function that forgets it. Without any action Ctrl-C ends the program. */
  onInterrupt(action: () => void): () => void {
    this.#interrupts.add(action);
    return () => this.#interrupts.delete(action);
  }

  interrupt(): void {
    if (this.#interrupts.size === 0) process.exit(130);
    for (const action of this.#interrupts) action();
  }

  /** Prints a line; a question that waits for its answer is put below it again. */
  say(text: string): void {
    this.#lines.erase();
    if (this.#prompt !== '') process.stderr.write('\r\x1b[2K');
    this.out.write(`${text}\n`);
    this.foreground?.say(text);
    process.stderr.write(this.#prompt);
    this.#redraw();
  }

  sayError(text: string): void {
    this.#lines.erase();
    process.stderr.write(`${text}\n`);
    this.foreground?.sayError(text);
  }

  /** Keeps the lines that `render` returns at the bottom, redrawn ten times a second and whenever the window changes. */
  startLive(render: () => string[]): void {
    this.#live = render;
    this.#timer = setInterval(() => this.#redraw(), redrawMs);
    this.out.on('resize', this.#onResize);
  }

  stopLive(): void {
    clearInterval(this.#timer);
    this.out.off('resize', this.#onResize);
    this.#redraw();
    this.#live = undefined;
    this.#lines.leave();
  }

  /** Ctrl-Z: the terminal as a shell wants it. */
  suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    if (this.#raw !== undefined) setRaw(this.#raw, false);
    this.#lines.erase();
  }

  /** The terminal is ours again. */
  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    if (this.#raw !== undefined) setRaw(this.#raw, true);
    process.stderr.write(this.#prompt);
    this.#redraw();
  }

  /** Asks one question at a time, live lines out of the way; undefined at the end of input or Ctrl-C. */
  ask(question: string, options: Question = {}): Promise<string | undefined> {
    const answer = this.#questions.then(() => this.#askNow(question, options));
    this.#questions = answer.catch(() => undefined);
    return answer;
  }

  async #askNow(question: string, options: Question): Promise<string | undefined> {
    if (this.foreground !== undefined) return this.#unlessInterrupted(this.foreground.ask(question, options));
    // The end of input answers all later questions too: an ended stream would never say so again.
    if (!options.stdinTaken && (process.stdin.readableEnded || process.stdin.destroyed)) return undefined;
    this.#lines.erase();
    const live = this.#live;
    this.#live = undefined;
    const input = options.stdinTaken ? new ReadStream(openTerminal()) : process.stdin;
    const isHidden = options.hidden === true && input.isTTY;
    // Before the question, so that not even a hasty answer is shown.
    if (isHidden) setRaw(input, true);
    if (isHidden) this.#raw = input;
    process.stderr.write(question);
    this.#prompt = question.split('\n').at(-1) ?? '';
    try {
      return await this.#unlessInterrupted((isHidden ? readHidden : readLine)(input));
    } finally {
      this.#raw = undefined;
      if (input === process.stdin) input.pause();
      else input.destroy();
      this.#prompt = '';
      this.#live = live;
    }
  }

  async #unlessInterrupted(answer: Promise<string | undefined>): Promise<string | undefined> {
    let forget = () => {};
    const interrupted = new Promise<undefined>((resolve) => {
      forget = this.onInterrupt(() => resolve(undefined));
    });
    return Promise.race([answer, interrupted]).finally(forget);
  }

  #redraw(): void {
    if (this.#live !== undefined && !this.#isSuspended) this.#lines.draw(this.#live());
  }
}

const colorOn = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
