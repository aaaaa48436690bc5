// What a node gets as it is: files for the boot partition, and a script for the first boot.

import { type PiburnError, usageError } from '../../errors.js';
import type { ExtraFile, Node } from '../../protocol.js';
import { printable } from './one-line.js';

export const maxFiles = 1000;
/** Every node's patch is held in memory at once, this included. */
export const maxFilesBytes = 16 * 1024 * 1024;
const maxScriptBytes = 1024 * 1024;
/** Names on FAT (fatgen103, "Long File Names"), and a path that any system can say. */
const maxNameLength = 255;
const maxPathLength = 1024;

/** Checks both. Throws a usage error that names the option. */
export function checkPayload(node: Node): void {
  if (node.files) checkFiles(node.files);
  if (node.firstboot !== undefined) checkFirstboot(node.firstboot, '--firstboot');
}

function checkFiles(files: readonly ExtraFile[]): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    checkBootPath(path, '--files');
    const key = path.toUpperCase();
    if (seen.has(key)) throw wrongPath(path, '--files', 'it is given twice (FAT does not tell upper from lower case)');
    seen.add(key);
  }
  const sizeBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (files.length <= maxFiles && sizeBytes <= maxFilesBytes) return;
  throw usageError('FILES_TOO_LARGE', `--files: ${files.length} files with ${sizeBytes} bytes are too much.`, {
    hint: `At most ${maxFiles} files and ${maxFilesBytes} bytes fit; copy more onto the Pi once it runs.`,
  });
}

/** Checks a path on the boot partition, relative to its root. Throws a usage error `FILE_PATH`. */
export function checkBootPath(path: string, option: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) throw wrongPath(path, option, problem);
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it must be relative to the boot partition';
  if (path.length > maxPathLength) return `it has ${path.length} characters`;
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}"*:<>?\\|]/u.test(path)) return 'it has a character that FAT does not have';
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return "it has an empty part, '.' or '..'";
    if (name.length > maxNameLength) return `a part of it has ${name.length} characters`;
    if (/[. ]$/.test(name)) return 'a part of it ends with a dot or a space';
    if (/~[0-9]+(?:\.|$)/.test(name)) return "'~' and a number make the short name of another file";
  }
  return undefined;
}

const wrongPath = (path: string, option: string, problem: string): PiburnError =>
  usageError('FILE_PATH', `${option}: '${printable(path)}' cannot be a file on the boot partition: ${problem}.`, {
    hint: 'Use a path such as config/site.txt.',
  });

/** Checks the script for the first boot. Throws a usage error `FIRSTBOOT`. */
export function checkFirstboot(script: string, option: string): void {
  const problem = scriptProblem(script);
  if (problem === undefined) return;
  throw usageError('FIRSTBOOT', `${option}: the script ${problem.what}.`, { hint: problem.hint });
}

function scriptProblem(script: string): { readonly what: string; readonly hint: string } | undefined {
  if (script.trim() === '') return { what: 'is empty', hint: 'Leave the option out if there is nothing to run.' };
  const sizeBytes = Buffer.byteLength(script);
  if (sizeBytes > maxScriptBytes) {
    return { what: `has ${sizeBytes} bytes`, hint: `It may have ${maxScriptBytes}; have it fetch what is larger.` };
  }
  if (/[\0\p{Cs}]/u.test(script)) return { what: 'has bytes that are no text', hint: 'Give a script, such as sh.' };
  if (script.startsWith('\uFEFF')) return { what: 'begins with a byte order mark', hint: 'Save it as plain UTF-8.' };
  if (script.includes('\r\n')) return { what: 'has the line ends of Windows', hint: 'Convert it with dos2unix.' };
  return undefined;
}
