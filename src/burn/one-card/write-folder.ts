// Files onto a boot partition that is mounted: each is written beside its place, flushed, and moved there, so that a cut
// leaves the old file or the new one.

import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BootFile } from '../../customise/flavours/index.js';
import { errnoOf, failure } from '../../errors.js';

/** @throws PiburnError `CARD_NOT_WRITTEN`, `CARD_READ_BACK`. */
export function writeFolder(folder: string, files: readonly BootFile[]): void {
  for (const { path, text } of files) {
    try {
      replace(join(folder, path), Buffer.from(text));
    } catch (error) {
      throw failure(
        'CARD_NOT_WRITTEN',
        `${join(folder, path)} cannot be written (${errnoOf(error) ?? 'unknown error'})`,
        { hint: 'check that it is mounted for writing, and run piburn with sudo' },
        error,
      );
    }
  }
  const wrong = files.find(({ path, text }) => readFileSync(join(folder, path), 'utf8') !== text);
  if (wrong === undefined) return;
  throw failure('CARD_READ_BACK', `${join(folder, wrong.path)} does not read back as it was written`, {
    hint: 'the card is failing, or something else writes to it: use another one',
  });
}

function replace(path: string, bytes: Uint8Array): void {
  const beside = join(dirname(path), `.piburn-${basename(path)}`);
  if (lstatSync(dirname(path)).isSymbolicLink()) throw new Error(`${dirname(path)} is a link`);
  rmSync(beside, { force: true });
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = openSync(beside, flags, 0o644);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
