// Reads a kept image again and compares it with what was noted when it was made: every segment with its digest, and
// the whole with its SHA-256. What it finds is damage of the disk that holds the store.

import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, interruption } from '../errors.js';
import { isZero } from './cutter.js';
import { digestOf } from './digest.js';
import { type KeptImage, openSpool, spoolOf } from './kept.js';
import { readMap } from './map-file.js';
import { blockBytes, type SegmentTable, segmentBytesMax } from './segment-table.js';

export interface Watcher {
  readonly cancelled: () => boolean;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Resolves when every byte is as it was.
 * @throws PiburnError `IMAGE_DAMAGED` with the first place that is not; `INTERRUPTED`.
 */
export async function verifyKept(kept: KeptImage, watcher: Watcher): Promise<void> {
  const map = readMap(join(kept.place.directory, 'map'));
  const path = map && spoolOf(kept.place, map.header);
  if (map === undefined || path === undefined) throw damaged(kept.name, 'its files in the store are not whole');
  const reader = openSpool(kept.place, path);
  const spool = await open(`/proc/self/fd/${reader}`, 'r').finally(() => closeSync(reader));
  try {
    const sha256 = createHash('sha256');
    const { imageBytes, imageSha256 } = map.header;
    let next = 0;
    for (let offsetBytes = 0; offsetBytes < imageBytes; offsetBytes += segmentBytesMax) {
      if (watcher.cancelled()) throw interruption(`verifying ${kept.name} was interrupted`);
      const window = await readWindow(spool, offsetBytes, Math.min(segmentBytesMax, imageBytes - offsetBytes));
      if (window === undefined) throw damaged(kept.name, `it ends before byte ${imageBytes}`);
      next = checkWindow(kept.name, map.table, next, offsetBytes, window);
      if (imageSha256 !== undefined) sha256.update(window);
      watcher.onProgress(offsetBytes + window.length, imageBytes);
    }
    if (imageSha256 !== undefined && sha256.digest('hex') !== imageSha256)
      throw damaged(kept.name, 'its SHA-256 is not the one that it had');
  } finally {
    await spool.close();
  }
}

/** Segments never reach over a window of 4 MiB; what lies between them must be zero, or it would be lost on cards. */
function checkWindow(name: string, table: SegmentTable, first: number, windowBytes: number, window: Buffer): number {
  let next = first;
  let doneBytes = 0;
  for (; next < table.count; next++) {
    const segment = table.at(next);
    const start = segment.offsetBytes - windowBytes;
    if (start >= window.length) break;
    checkGap(name, windowBytes, window, doneBytes, start);
    const bytes = window.subarray(start, start + segment.lengthBytes);
    if (Buffer.compare(digestOf(bytes), segment.digest) !== 0)
      throw damaged(name, `its ${segment.lengthBytes} bytes from byte ${segment.offsetBytes} are not what they were`);
    doneBytes = start + segment.lengthBytes;
  }
  checkGap(name, windowBytes, window, doneBytes, window.length);
  return next;
}

function checkGap(name: string, windowBytes: number, window: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += blockBytes)
    if (!isZero(window, at, Math.min(at + blockBytes, end)))
      throw damaged(name, `there is something at byte ${windowBytes + at}, where nothing was`);
}

async function readWindow(spool: FileHandle, offsetBytes: number, lengthBytes: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(lengthBytes);
  for (let done = 0; done < lengthBytes; ) {
    const { bytesRead } = await spool.read(bytes, done, lengthBytes - done, offsetBytes + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  return bytes;
}

const damaged = (name: string, why: string) =>
  failure('IMAGE_DAMAGED', `${name} in the store is damaged: ${why}`, {
    hint: `remove it with \`piburn image delete ${name}\` and fetch it again; check the disk that holds the store`,
  });
