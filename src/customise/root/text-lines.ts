// Editing texts line by line: lines that are not ours come out byte by byte as they went in, with whatever ends them.

import { blockBegin, blockEnd } from '../flavours/cluster-hosts.js';

/** A line without its end. */
const bare = (line: string): string => line.replace(/\r?\n$/, '');

const rawLines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The lines of a text, without their ends. */
export const linesOf = (text: string): string[] => rawLines(text).map(bare);

/** Asks for each line what shall stand there: the same line, another one, or none (undefined). */
export function mapLines(text: string, change: (line: string, index: number) => string | undefined): string {
  return rawLines(text)
    .map((raw, index) => {
      const line = bare(raw);
      const changed = change(line, index);
      return changed === undefined ? '' : changed === line ? raw : `${changed}\n`;
    })
    .join('');
}

/** Lines at the end of a text, or before a given line. */
export function withLines(text: string, added: readonly string[], beforeIndex = Number.POSITIVE_INFINITY): string {
  const lines = rawLines(text);
  const block = added.map((line) => `${line}\n`).join('');
  const before = lines.slice(0, beforeIndex).join('');
  const gap = before === '' || before.endsWith('\n') || block === '' ? '' : '\n';
  return before + gap + block + lines.slice(beforeIndex).join('');
}

/** Lines between our two markers, at the end of a text, in place of those of an earlier run. */
export function withBlock(text: string, added: readonly string[]): string {
  const kept = withoutBlocks(text);
  return added.length === 0 ? kept : withLines(kept, [blockBegin, ...added, blockEnd]);
}

/** A beginning without an end, or the other way round, is somebody's comment. */
function withoutBlocks(text: string): string {
  const lines = linesOf(text);
  const ours = new Set<number>();
  let start: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === blockBegin) start = index;
    if (line !== blockEnd || start === undefined) continue;
    for (let at = start; at <= index; at++) ours.add(at);
    start = undefined;
  }
  return mapLines(text, (line, index) => (ours.has(index) ? undefined : line));
}

/** Sets `NAME=value` lines of a shell-like file (`/etc/default`): the last of a name is replaced, missing ones are added. */
export function withAssignments(text: string, values: Readonly<Record<string, string>>): string {
  const nameIn = (line: string) => /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=/.exec(line)?.[1];
  const lines = linesOf(text);
  let result = text;
  for (const [name, value] of Object.entries(values)) {
    const last = lines.findLastIndex((line) => nameIn(line) === name);
    result =
      last < 0
        ? withLines(result, [`${name}=${value}`])
        : mapLines(result, (line, index) => (index === last ? `${name}=${value}` : line));
  }
  return result;
}
