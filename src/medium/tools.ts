// The programs that make partition tables and file systems, with words for when they are missing or fail.

import { failure } from '../errors.js';
import { run } from '../exec.js';

/** Debian packages of what may be missing. */
const packages: Readonly<Record<string, string>> = {
  sfdisk: 'fdisk',
  'mkfs.vfat': 'dosfstools',
  'mkfs.exfat': 'exfatprogs',
};

/** env(1): the program is not there. */
const notFound = 127;

/** Slow cards take their time for a FAT of many MiB. */
const timeoutMs = 300_000;

/** Runs one, also where PATH has no sbin. @throws PiburnError `PROGRAM_MISSING`, `PROGRAM_FAILED`. */
export async function runTool(program: string, args: readonly string[], path: string, input?: string): Promise<void> {
  for (const place of [program, `/usr/sbin/${program}`, `/sbin/${program}`]) {
    // mkfs.exfat reads its label in the locale's characters; the messages of this one are English too.
    const words = ['LC_ALL=C.UTF-8', place, ...args];
    const result = await run('env', words, { timeoutMs, ...(input === undefined ? {} : { input }) });
    if (result === undefined || result.exitCode === notFound) continue;
    if (result.exitCode === 0) return;
    const why = lastLine(result.stderr) || lastLine(result.stdout) || `exit code ${result.exitCode}`;
    throw failure('PROGRAM_FAILED', `${program} did not do its work on ${path}: ${why}`, {
      device: path,
      hint: `close what uses ${path} and try again, then try another card`,
    });
  }
  throw failure('PROGRAM_MISSING', `${program} is not installed, and ${path} cannot be formatted without it`, {
    device: path,
    hint: `install it: sudo apt install ${packages[program] ?? program}`,
  });
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';
