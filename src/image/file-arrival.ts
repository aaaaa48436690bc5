// A local file or stream as it comes in: with the digest file and the .bmap that lie beside it, if any do.

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { failure } from '../errors.js';
import { given } from '../given.js';
import { type Arrival, type BmapText, companionBytesMax } from './arrival.js';
import { bmapCandidates } from './bmap/candidates.js';
import type { ImageSource } from './source.js';
import { digestIn, type ExpectedDigest } from './trust.js';

export interface FileWishes {
  readonly expected: readonly ExpectedDigest[];
  /** Look for a .bmap beside the image. */
  readonly bmap: boolean;
}

/** The source is closed with the arrival. */
export function arriveFromFile(source: ImageSource, wishes: FileWishes): Arrival {
  const own = ownSpoolOf(source);
  const path = source.identity?.path;
  return {
    name: source.name,
    how: own === undefined ? 'decode' : 'read',
    format: source.format,
    encoded: {
      name: source.name,
      descriptor: source.descriptor,
      ...given({ taken: source.identity === undefined ? source.head : undefined }),
    },
    expected: [...wishes.expected, ...(path === undefined ? [] : digestBeside(path))],
    ...given({
      identity: source.identity,
      ownSpool: own,
      promisedBytes: source.imageBytes,
      bmap: path === undefined || !wishes.bmap ? undefined : bmapBeside(path),
    }),
    origin: () => given({ archiveBytes: source.identity?.sizeBytes }),
    stop: () => undefined,
    accept: () => undefined,
    refuse: async (error) => error,
    close: async () => source.close(),
  };
}

/** A raw file needs no copy: it is read where it lies. A raw stream does. */
const ownSpoolOf = ({ format, identity }: ImageSource): string | undefined =>
  format === 'raw' ? identity?.path : undefined;

/** What `FILE.sha256` says of a file. */
function digestBeside(path: string): ExpectedDigest[] {
  const beside = `${path}.sha256`;
  const text = companion(beside);
  const sha256 = text === undefined ? undefined : digestIn(text, basename(path), true);
  return sha256 === undefined ? [] : [{ sha256, of: 'archive', from: basename(beside) }];
}

function bmapBeside(path: string): BmapText | undefined {
  for (const candidate of bmapCandidates(path)) {
    const text = companion(candidate);
    if (text !== undefined) return { name: basename(candidate), text };
  }
  return undefined;
}

/** A small file beside the image; undefined when it is not there. */
function companion(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return undefined;
  if (stat.size > companionBytesMax)
    throw failure('COMPANION_TOO_LARGE', `${path} is far too large for what its name says`, {
      hint: 'move it away from the image',
    });
  return readFileSync(path, 'utf8');
}
