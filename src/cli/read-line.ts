// One line from a person: as the terminal (or a pipe) gives it, or unseen.

import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { PiburnError } from '../errors.js';

type Input = ReadStream | NodeJS.ReadStream;

/** Undefined at the end of input, and when the terminal has gone away. */
export function readLine(input: Input): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  return new Promise((resolve) => {
    const onError = () => lines.close();
    input.once('error', onError);
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => {
      input.off('error', onError);
      resolve(undefined);
    });
  });
}

const keys = { interrupt: '\x03', endOfInput: '\x04', backspace: ['\b', '\x7f'], enter: ['\r', '\n'] };

/** One line that is not shown, on a terminal in raw mode. There the line discipline's work (Enter, backspace, Ctrl-C) is ours. */
export function readHidden(input: Input): Promise<string | undefined> {
  input.setEncoding('utf8');
  return new Promise((resolve) => {
    let typed = '';
    const finish = (line: string | undefined) => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.off('error', onEnd);
      setRaw(input, false);
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
    input.on('error', onEnd);
    input.resume();
  });
}

/** A terminal that has gone away takes no mode any more. */
export function setRaw(input: Input, isRaw: boolean): void {
  try {
    input.setRawMode(isRaw);
  } catch {
    // Nobody is there who could see what is typed.
  }
}

/** The terminal itself, for a question while standard input is the image. */
export function openTerminal(): number {
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
