// Runs on a thread of its own: brings the image into the spool (or, for a raw file, only reads it), cuts it into
// segments and publishes them. One task in, one outcome out; failures are data.

import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, statfsSync, writeSync } from 'node:fs';
import { errnoOf, type Failure, failure, interruption, toFailure } from '../errors.js';
import { Allocation } from './allocation/allocation.js';
import { describeLayout } from './allocation/describe.js';
import { isZero, SegmentCutter } from './cutter.js';
import { type Decoder, decode, type Encoded } from './decode.js';
import { checkDiskImage, cutShort } from './disk-image.js';
import { blockBytes, SegmentTable } from './segment-table.js';
import { corruptXz } from './source.js';
import { type Window, windowsOf } from './windows.js';

export interface SpoolTask {
  readonly encoded: Encoded;
  readonly decoder: Decoder;
  readonly segments: SharedArrayBuffer;
  /** Where the decoded image goes; undefined: the source is the image itself and is only read. */
  readonly spoolPath?: string;
  /** What the .xz index promised. */
  readonly promisedBytes?: number;
}

export type SpoolOutcome =
  | { readonly ok: true; readonly imageBytes: number; readonly layout: readonly string[] }
  | { readonly ok: false; readonly failure: Failure };

/** A spool must leave this much of its file system free, so that a small system disk is not filled to the brim. */
const reserveBytes = (fileSystemBytes: number): number => Math.min(256 * 1024 * 1024, fileSystemBytes / 100);

export default async function spoolImage(task: SpoolTask): Promise<SpoolOutcome> {
  const table = new SegmentTable(task.segments);
  try {
    const { imageBytes, layout } = await (task.spoolPath === undefined
      ? readThrough(task, table, task.encoded.descriptor)
      : withSpool(task.spoolPath, (spool) => readThrough(task, table, spool)));
    table.finish('whole', imageBytes);
    return { ok: true, imageBytes, layout };
  } catch (error) {
    table.finish('broken');
    return { ok: false, failure: toFailure(error) };
  }
}

async function withSpool<T>(path: string, work: (descriptor: number) => Promise<T>): Promise<T> {
  const descriptor = openSync(path, 'r+');
  try {
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The whole way of an image; `image` is the descriptor from which decoded bytes can be read back. */
async function readThrough(task: SpoolTask, table: SegmentTable, image: number) {
  const { name } = task.encoded;
  const allocation = new Allocation((offsetBytes, lengthBytes) => readRange(image, offsetBytes, lengthBytes));
  const cutter = new SegmentCutter(table, allocation);
  let imageBytes = 0;
  let claimedBytes = 0;
  for await (const window of windowsOf(decode(task.encoded, task.decoder))) {
    if (table.cancelled) throw interruption(`reading ${name} was interrupted`);
    if (window.offsetBytes === 0) claimedBytes = checkDiskImage(window.bytes, name);
    if (task.spoolPath !== undefined) keep(image, window, task.spoolPath);
    if (window.bytes.length > 0 || window.offsetBytes === 0) cutter.add(window.offsetBytes, window.bytes, window.last);
    imageBytes = window.offsetBytes + window.bytes.length;
  }
  if (task.promisedBytes !== undefined && imageBytes !== task.promisedBytes)
    throw corruptXz(name, `${task.promisedBytes} bytes were promised, ${imageBytes} came`);
  const short = cutShort(name, imageBytes, claimedBytes);
  if (short !== undefined) throw short;
  if (task.spoolPath !== undefined) {
    ftruncateSync(image, imageBytes);
    fsyncSync(image);
  }
  return { imageBytes, layout: describeLayout(allocation) };
}

/** Puts a window into the sparse spool: zero blocks stay holes. */
function keep(spool: number, window: Window, path: string): void {
  try {
    if (window.offsetBytes % (64 * 1024 * 1024) === 0) checkRoom(path);
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

function checkRoom(path: string): void {
  const system = statfsSync(path);
  if (system.bavail * system.bsize < reserveBytes(system.blocks * system.bsize)) throw noRoom(path);
}

const noRoom = (path: string) =>
  failure('STORE_FULL', `there is no room left for the decoded image in ${path.replace(/\/images\/.*$/, '')}`, {
    hint: 'free some space, or name a directory on a larger disk with --store=DIR',
  });

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
