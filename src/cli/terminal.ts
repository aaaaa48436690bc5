// The person's side: where text goes, whether there is somebody to answer, live lines that are redrawn in place,
// questions, and Ctrl-C. Nothing else of piburn knows about a terminal.

import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isatty, ReadStream } from 'node:tty';
import { PiburnError } from '../errors.js';

const redrawMs = 100;

/** Whether an answer is a yes; none is a no. */
export const isYes = (answer: string | undefined): boolean => /^\s*y(es)?\s*$/i.test(answer ?? '');

export class Terminal {
  /** Text for people goes to standard output, or to standard error while standard output carries JSON. */
  out: NodeJS.WriteStream = process.stdout;
  readonly #interrupts = new Set<() => void>();
  #live: (() => string[]) | undefined;
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;
  #questions: Promise<unknown> = Promise.resolve();
  /** The last line of the question that waits for its answer. */
  #prompt = '';

  constructor() {
    // A reader that went away (`| head`) must not end a burn.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  }

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

  /** Whether somebody can be asked. `stdinTaken`: standard input is the image, so only the terminal itself will do. */
  canAsk(stdinTaken: boolean): boolean {
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
    this.#erase();
    if (this.#prompt !== '') process.stderr.write('\r\x1b[2K');
    this.out.write(`${text}\n`);
    process.stderr.write(this.#prompt);
    this.#draw();
  }

  sayError(text: string): void {
    this.#erase();
    process.stderr.write(`${text}\n`);
  }

  /** Keeps the lines that `render` returns at the bottom, redrawn ten times a second. */
  startLive(render: () => string[]): void {
    this.#live = render;
    this.#timer = setInterval(() => this.#redraw(), redrawMs);
  }

  stopLive(): void {
    clearInterval(this.#timer);
    this.#redraw();
    this.#live = undefined;
    this.#drawnLines = 0;
  }

  /** Asks one question at a time, live lines out of the way; undefined at the end of input or Ctrl-C. */
  ask(question: string, options: { hidden?: boolean; stdinTaken?: boolean } = {}): Promise<string | undefined> {
    const answer = this.#questions.then(() => this.#askNow(question, options));
    this.#questions = answer.catch(() => undefined);
    return answer;
  }

  async #askNow(question: string, options: { hidden?: boolean; stdinTaken?: boolean }): Promise<string | undefined> {
    // The end of input answers all later questions too: an ended stream would never say so again.
    if (!options.stdinTaken && (process.stdin.readableEnded || process.stdin.destroyed)) return undefined;
    this.#erase();
    const live = this.#live;
    this.#live = undefined;
    const input = options.stdinTaken ? new ReadStream(openTerminal()) : process.stdin;
    const isHidden = options.hidden === true && input.isTTY;
    // Before the question, so that not even a hasty answer is shown.
    if (isHidden) input.setRawMode(true);
    process.stderr.write(question);
    this.#prompt = question.split('\n').at(-1) ?? '';
    const answer = new Promise<string | undefined>((resolve) => {
      const forget = this.onInterrupt(() => resolve(undefined));
      const read = isHidden ? readHidden : readLine;
      void read(input).then((line) => {
        forget();
        resolve(line);
      });
    });
    try {
      return await answer;
    } finally {
      if (input === process.stdin) input.pause();
      else input.destroy();
      this.#prompt = '';
      this.#live = live;
    }
  }

  #redraw(): void {
    if (this.#live === undefined) return;
    const lines = this.#live().slice(0, Math.max(1, (this.out.rows ?? 24) - 1));
    const text = lines.map((line) => `\x1b[2K${line}\n`).join('');
    this.out.write(`${up(this.#drawnLines)}${text}\x1b[J`);
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.out.write(`${up(this.#drawnLines)}\x1b[J`);
    this.#drawnLines = 0;
  }

  #draw(): void {
    if (this.#live !== undefined) this.#redraw();
  }
}

const up = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}A\r`);

const colorOn = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

/** One line as the terminal (or a pipe) gives it; undefined at the end of input. */
function readLine(input: NodeJS.ReadableStream): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(undefined));
  });
}

const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: ['\b', '\x7f'], enter: ['\r', '\n'] };

/** One line that is not shown, on a terminal in raw mode. There the line discipline's work (Enter, backspace, Ctrl-C) is ours. */
function readHidden(input: ReadStream | NodeJS.ReadStream): Promise<string | undefined> {
  input.setEncoding('utf8');
  return new Promise((resolve) => {
    let typed = '';
    const finish = (line: string | undefined) => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.setRawMode(false);
      process.stderr.write('\n');
      resolve(line);
    };
    const onData = (text: string | Buffer) => {
      for (const key of String(text)) {
        if (key === keys.interrupt || key === keys.endOfInput) return finish(undefined);
        if (keys.enter.includes(key)) return finish(typed);
        typed = keys.backspace.includes(key) ? typed.slice(0, -1) : typed + key;
      }
    };
    const onEnd = () => finish(undefined);
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', 'r');
  } catch {
    throw new PiburnError({
      kind: 'refused',
      code: 'NOT_CONFIRMED',
      message: 'the image comes on standard input and there is no terminal to ask at',
      hint: 'say --yes when you are sure of the targets',
    });
  }
}
