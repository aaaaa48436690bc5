// Whose rights decoders get: archives come from anywhere, and the programs that read them need nothing but their pipes. As
// root they run as nobody; as a plain user they run as that user, who cannot start them as anybody else.

import { fstatSync, readFileSync } from 'node:fs';
import type { RunsAs } from '../../exec.js';

const nobody: RunsAs = { uid: 65_534, gid: 65_534 };

/** Undefined where programs can run with our rights only. */
export const asNobody = (): RunsAs | undefined => (canChangeUser() ? nobody : undefined);

/** The same for a program that opens this file itself: nobody if everybody may read it, else its owner. */
export function asReaderOf(descriptor: number): RunsAs | undefined {
  const as = asNobody();
  const { mode, uid, gid } = fstatSync(descriptor);
  if (as === undefined || (mode & 0o004) !== 0) return as;
  return uid === 0 ? undefined : { uid, gid };
}

/** CAP_SETGID and CAP_SETUID (capabilities(7)), and in a user namespace a number for nobody (user_namespaces(7)). */
function canChangeUser(): boolean {
  if (process.geteuid?.() !== 0) return false;
  try {
    const [, capabilities = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const hasBoth = (BigInt(`0x${capabilities}`) >> 6n) % 4n === 3n;
    return hasBoth && ['/proc/self/uid_map', '/proc/self/gid_map'].every(hasNobody);
  } catch {
    return false;
  }
}

/** Lines of `first number here, first number outside, how many`. */
const hasNobody = (path: string): boolean =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([first = 0, , count = 0]) => nobody.uid >= first && nobody.uid < first + count);
