// Calls of shell functions with the values of a node, and the reader that takes them apart again: what was made is read
// before it is used, because it runs as root.

import { isDeepStrictEqual } from 'node:util';
import { failure } from '../../errors.js';
import { hereDocument, hereDocumentEnd, shellQuote } from './shell-quote.js';

export interface ShellCall {
  /** A function or program; it is not quoted. */
  readonly name: string;
  readonly values: readonly string[];
  /** Lines of its standard input. */
  readonly input?: readonly string[];
}

export const shellCall = (name: string, ...values: string[]): ShellCall => ({ name, values });

export const shellCallWithInput = (name: string, values: readonly string[], input: readonly string[]): ShellCall => ({
  name,
  values,
  input,
});

/** The lines of a script that make the calls. Throws a failure `CUSTOMISE_SELFCHECK` if they read back as others. */
export function writeCalls(calls: readonly ShellCall[]): string {
  const text = calls.map(lineOf).join('');
  if (isDeepStrictEqual(readCalls(text), calls)) return text;
  throw failure('CUSTOMISE_SELFCHECK', 'The script made for this node does not read back as what it was made from.', {
    hint: 'This is a defect of piburn: please report it with the options that you used.',
  });
}

function lineOf({ name, values, input }: ShellCall): string {
  const line = [name, ...values.map(shellQuote)].join(' ');
  return input === undefined ? `${line}\n` : `${line} ${hereDocument(input)}\n`;
}

/** The calls in a script of single-quoted words and here-documents; undefined if there is anything else in it. */
export function readCalls(text: string): ShellCall[] | undefined {
  const calls: ShellCall[] = [];
  const lines = text.split('\n');
  if (lines.pop() !== '') return undefined;
  for (let next = 0; next < lines.length; ) {
    const call = readLine(lines[next++] ?? '');
    if (call === undefined) return undefined;
    if (!call.hasInput) {
      calls.push(shellCall(call.name, ...call.values));
      continue;
    }
    const end = lines.indexOf(hereDocumentEnd, next);
    if (end < 0) return undefined;
    calls.push(shellCallWithInput(call.name, call.values, lines.slice(next, end)));
    next = end + 1;
  }
  return calls;
}

/** POSIX, "Shell Command Language", 2.2: between single quotes every character stands for itself. */
function readLine(line: string): { name: string; values: string[]; hasInput: boolean } | undefined {
  const [, name, rest = '', document] = /^([a-z][a-z0-9_]*)((?: '(?:[^']|'\\'')*')*)( <<'PIBURN')?$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const words = rest.match(/ '(?:[^']|'\\'')*'/g) ?? [];
  const values = words.map((word) => word.slice(2, -1).split("'\\''").join("'"));
  return { name, values, hasInput: document !== undefined };
}
