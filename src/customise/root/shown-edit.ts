// Edits as a person sees them in the plan: of a file that the image has only the lines that change, and no secrets.

import type { PlannedFile } from '../../protocol.js';
import { nameOf, type RootEdit } from './root-edit.js';
import { linesOf } from './text-lines.js';

/** One entry for each path. */
export function shownEdits(edits: readonly RootEdit[]): PlannedFile[] {
  const last = new Map(edits.map((edit) => [edit.path, edit]));
  return edits
    .filter((edit) => last.get(edit.path) === edit)
    .map((edit) => ({
      path: printable(edit.path),
      text: printable(textOf(edit)),
    }));
}

/** Old lines and names come from the image, and what is shown may go to a terminal. */
const printable = (text: string): string => text.replace(/[^\P{C}\n\t]/gu, '?');

function textOf(edit: RootEdit): string {
  switch (edit.kind) {
    case 'directory':
      return `(directory, ${accessText(edit)})\n`;
    case 'symlink':
      return `(link to ${edit.target})\n`;
    case 'rename':
      return `(renamed to ${nameOf(edit.to)})\n`;
    case 'remove':
      return '(removed)\n';
    case 'file':
      return `(${edit.before === undefined ? 'new file' : 'changed lines'}, ${accessText(edit)})\n${contentText(edit)}`;
  }
}

const accessText = ({ mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number }) =>
  `mode ${mode.toString(8).padStart(4, '0')}, owner ${uid}:${gid}`;

function contentText({ bytes, before, copyOf, secrets }: Extract<RootEdit, { kind: 'file' }>): string {
  if (copyOf !== undefined) return `(a copy of ${copyOf})\n`;
  if (!isText(bytes) || (before !== undefined && !isText(before))) return `(${bytes.length} bytes)\n`;
  const hide = (text: string) =>
    secrets.filter((secret) => secret !== '').reduce((shown, secret) => shown.replaceAll(secret, '(secret)'), text);
  const after = hide(Buffer.from(bytes).toString('latin1'));
  const shown = before === undefined ? after : changedLines(hide(Buffer.from(before).toString('latin1')), after);
  return Buffer.from(shown, 'latin1').toString('utf8');
}

function isText(bytes: Uint8Array): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}

/** Lines that are only before (`-`) or only after (`+`), in their order. */
function changedLines(before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const lines = [...without(old, now).map((line) => `-${line}\n`), ...without(now, old).map((line) => `+${line}\n`)];
  return lines.join('');
}

/** Each line of the others takes away one that is alike. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
