// Runs on a thread of its own: brings the image into the spool (or, for a raw file, only reads it), cuts it into
// segments and publishes them. One task in, one outcome out; failures are data.

import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fsyncSync, ftruncateSync, readSync, rmSync, writeSync } from 'node:fs';
import { errnoOf, type Failure, interruption, toFailure } from '../errors.js';
import { given } from '../given.js';
import { Allocation } from './allocation/allocation.js';
import { describeLayout } from './allocation/describe.js';
import type { BmapText } from './arrival.js';
import { BmapChecker } from './bmap/checker.js';
import { BmapFree } from './bmap/free.js';
import { parseBmap } from './bmap/parse.js';
import { isZero, SegmentCutter } from './cutter.js';
import { corruptImage } from './decode/corrupt.js';
import { type Encoded, encodedBytes } from './decode/encoded.js';
import type { Decoder } from './decode/index.js';
import { checkDiskImage, cutShort } from './disk-image.js';
import { incoming, roomEveryBytes } from './incoming.js';
import { checkRoom, noRoom } from './room.js';
import { blockBytes, SegmentTable } from './segment-table.js';
import { type ImageFormat, needsWholeFile } from './sniff.js';
import { inStore, openFileInStore } from './store-access.js';
import { checkDigests, type Digests, type ExpectedDigest } from './trust.js';
import { hashWindows, oneBuffer, type WindowHash } from './window-hash.js';
import type { Window } from './windows.js';

export interface SpoolTask {
  readonly encoded: Encoded;
  readonly format: ImageFormat;
  readonly decoder: Decoder;
  readonly segments: SharedArrayBuffer;
  /** Where the decoded image goes; undefined: the source is the image itself and is only read. */
  readonly spoolPath?: string;
  /** The size of the decoded image as its format or its list tells it. */
  readonly promisedBytes?: number;
  readonly expected: readonly ExpectedDigest[];
  readonly bmap?: BmapText;
}

export interface SpooledImage {
  readonly imageBytes: number;
  readonly layout: readonly string[];
  readonly digests: Digests;
}

export type SpoolOutcome =
  | { readonly ok: true; readonly image: SpooledImage }
  | { readonly ok: false; readonly failure: Failure };

export default async function spoolImage(task: SpoolTask): Promise<SpoolOutcome> {
  const table = new SegmentTable(task.segments);
  try {
    const image = await (task.spoolPath === undefined
      ? readThrough(task, table, task.encoded.descriptor)
      : withOpen(task.spoolPath, constants.O_RDWR, (spool) => readThrough(task, table, spool)));
    table.finish('whole', image.imageBytes);
    return { ok: true, image };
  } catch (error) {
    table.finish('broken');
    return { ok: false, failure: toFailure(error) };
  }
}

async function withOpen<T>(path: string, flags: number, work: (descriptor: number) => Promise<T>): Promise<T> {
  const descriptor = openFileInStore(path, flags);
  try {
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The whole way of an image; `image` is the descriptor from which decoded bytes can be read back. */
async function readThrough(task: SpoolTask, table: SegmentTable, image: number): Promise<SpooledImage> {
  const { encoded, format, spoolPath } = task;
  // An archive that is read from its end cannot be read from a stream: it is taken into the store first.
  if (spoolPath !== undefined && encoded.taken !== undefined && needsWholeFile(format))
    return await withCopy(encoded, `${spoolPath}.archive`, (copy) => follow({ ...task, encoded: copy }, table, image));
  return await follow(task, table, image);
}

async function withCopy<T>(encoded: Encoded, path: string, work: (copy: Encoded) => Promise<T>): Promise<T> {
  return await withOpen(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, async (descriptor) => {
    try {
      let doneBytes = 0;
      for await (const chunk of encodedBytes(encoded)) {
        if (doneBytes === 0 || doneBytes % roomEveryBytes < chunk.length) checkRoom(path);
        writeRange(descriptor, chunk, 0, chunk.length, doneBytes);
        doneBytes += chunk.length;
      }
      return await work({ name: encoded.name, descriptor, ...given({ limitBytes: encoded.limitBytes }) });
    } catch (error) {
      throw errnoOf(error) === 'ENOSPC' ? noRoom(path) : error;
    } finally {
      inStore(path, () => rmSync(path, { force: true }));
    }
  });
}

async function follow(task: SpoolTask, table: SegmentTable, image: number): Promise<SpooledImage> {
  const hashes = hashesOf(task);
  try {
    return await followWith(hashes, task, table, image);
  } finally {
    await hashes.image?.close();
  }
}

async function followWith(hashes: Hashes, task: SpoolTask, table: SegmentTable, image: number): Promise<SpooledImage> {
  const { name } = task.encoded;
  const bmap = task.bmap && parseBmap(task.bmap.text, task.bmap.name);
  const checker = bmap && new BmapChecker(bmap, name, task.bmap?.name ?? '');
  const allocation = new Allocation((offsetBytes, lengthBytes) => readRange(image, offsetBytes, lengthBytes));
  const cutter = new SegmentCutter(table, freeBlocks(allocation, bmap && new BmapFree(bmap)));
  let imageBytes = 0;
  let claimedBytes = 0;
  const { windows, areKept } = incoming(
    task,
    image,
    hashes.image ?? oneBuffer(),
    () => table.cancelled,
    (chunk) => hashes.archive?.update(chunk),
  );
  for await (const window of windows) {
    if (table.cancelled) throw interruption(`reading ${name} was interrupted`);
    if (window.offsetBytes === 0) claimedBytes = checkDiskImage(window.bytes, name);
    imageBytes = window.offsetBytes + window.bytes.length;
    if (imageBytes > (task.promisedBytes ?? imageBytes)) throw brokenPromise(task, `more than ${task.promisedBytes}`);
    checker?.add(window.bytes);
    hashes.image?.update(window.bytes);
    if (task.spoolPath !== undefined && !areKept) keep(image, window, task.spoolPath);
    if (window.bytes.length > 0 || window.offsetBytes === 0) cutter.add(window.offsetBytes, window.bytes, window.last);
  }
  if (imageBytes !== (task.promisedBytes ?? imageBytes)) throw brokenPromise(task, `${imageBytes}`);
  const short = cutShort(name, imageBytes, claimedBytes);
  if (short !== undefined) throw short;
  checker?.end(imageBytes);
  const digests = await digestsOf(task, hashes);
  checkDigests(name, task.expected, digests);
  if (task.spoolPath !== undefined) {
    ftruncateSync(image, imageBytes);
    fsyncSync(image);
  }
  return { imageBytes, layout: describeLayout(allocation), digests };
}

const brokenPromise = ({ encoded, promisedBytes }: SpoolTask, came: string) =>
  corruptImage(encoded.name, `${promisedBytes} bytes were promised, ${came} came`);

/** A block is free when the file systems or the image's maker say so. */
const freeBlocks = (allocation: Allocation, bmap: BmapFree | undefined) => ({
  advance: (endBytes: number, last: boolean) => allocation.advance(endBytes, last),
  isFree: (offsetBytes: number) => allocation.isFree(offsetBytes) || (bmap?.isFree(offsetBytes) ?? false),
});

interface Hashes {
  readonly archive?: Hash;
  readonly image?: WindowHash;
}

/** A raw file that lies here is hashed only when somebody says what its digest should be: it costs a core. */
function hashesOf({ format, spoolPath, expected, promisedBytes }: SpoolTask): Hashes {
  const image = spoolPath === undefined && expected.length === 0 ? undefined : hashWindows(promisedBytes);
  const archive = format === 'raw' || needsWholeFile(format) ? undefined : createHash('sha256');
  return given({ archive, image });
}

async function digestsOf({ format, encoded }: SpoolTask, hashes: Hashes): Promise<Digests> {
  const imageSha256 = await hashes.image?.digest();
  if (format === 'raw') return given({ archiveSha256: imageSha256, imageSha256 });
  const archive = hashes.archive ?? createHash('sha256');
  if (needsWholeFile(format)) for await (const chunk of encodedBytes(encoded)) archive.update(chunk);
  return given({ archiveSha256: archive.digest('hex'), imageSha256 });
}

/** Puts a window into the sparse spool: zero blocks stay holes. */
function keep(spool: number, window: Window, path: string): void {
  try {
    if (window.offsetBytes % roomEveryBytes === 0) checkRoom(path);
    for (const [start, end] of dataRuns(window.bytes)) writeRange(spool, window.bytes, start, end, window.offsetBytes);
    ftruncateSync(spool, window.offsetBytes + window.bytes.length);
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC') throw noRoom(path);
    throw error;
  }
}

function* dataRuns(bytes: Buffer): Generator<readonly [number, number]> {
  let from = -1;
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const zero = isZero(bytes, start, Math.min(start + blockBytes, bytes.length));
    if (!zero && from < 0) from = start;
    if (zero && from >= 0) {
      yield [from, start];
      from = -1;
    }
  }
  if (from >= 0) yield [from, bytes.length];
}

function writeRange(spool: number, bytes: Buffer, start: number, end: number, windowOffset: number): void {
  for (let at = start; at < end; ) at += writeSync(spool, bytes, at, end - at, windowOffset + at);
}

function readRange(descriptor: number, offsetBytes: number, lengthBytes: number): Uint8Array {
  const bytes = Buffer.alloc(lengthBytes);
  let got = 0;
  while (got < lengthBytes) {
    const count = readSync(descriptor, bytes, got, lengthBytes - got, offsetBytes + got);
    if (count === 0) break;
    got += count;
  }
  return bytes.subarray(0, got);
}
