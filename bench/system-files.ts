// An even sample of the files below /usr: always the same on the same machine, of all kinds, none of them a large part.

import { createHash } from 'node:crypto';
import { accessSync, constants, type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = '/usr';
const entriesMax = 500_000;
/** Below, the file system runs out of inodes before it is full. */
const fileBytesMin = 16 * 1024;
/** No single file is a larger part of the sample. */
const shareMax = 1 / 16;

/** Paths of files of `sizeBytes` together, or of all that there are; none has a character that means something to debugfs. */
export function sampleOfSystem(sizeBytes: number): string[] {
  const sample: string[] = [];
  let leftBytes = sizeBytes;
  for (const path of shuffled(filesBelow(root))) {
    const fileBytes = sizeOf(path);
    const fits = fileBytes >= fileBytesMin && fileBytes <= Math.min(leftBytes, sizeBytes * shareMax);
    if (!fits) continue;
    sample.push(path);
    leftBytes -= fileBytes;
    if (leftBytes < fileBytesMin) break;
  }
  return sample;
}

/** By a digest of the path: without any order, and yet the same every time. */
const shuffled = (paths: readonly string[]): string[] =>
  paths
    .map((path) => [createHash('sha256').update(path).digest('hex'), path] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, path]) => path);

function filesBelow(directory: string): string[] {
  const files: string[] = [];
  const open = [directory];
  for (let at = 0; at < open.length && files.length < entriesMax; at++)
    for (const entry of entriesOf(open[at] ?? '')) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile() && /^[\w/.+-]+$/.test(path)) files.push(path);
    }
  return files;
}

/** What may not be read is as good as not there. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function sizeOf(path: string): number {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).size;
  } catch {
    return 0;
  }
}
