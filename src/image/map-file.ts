// The segment map on disk: a magic line, a header as one line of JSON, the table's entries as they are in memory
// (src/image/segment-table.ts), and an XXH3-128 digest over all of it. A map that is cut short or damaged is no map.

import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { digestOf } from './digest.js';
import { digestBytes, SegmentTable } from './segment-table.js';
import type { SourceIdentity } from './source.js';

const magic = 'piburn segment map 1\n';

export interface MapHeader {
  readonly imageBytes: number;
  readonly segments: number;
  /** What each partition was understood as, a line each. */
  readonly layout: readonly string[];
  readonly source?: SourceIdentity;
}

export function writeMap(path: string, table: SegmentTable, header: MapHeader): void {
  const head = Buffer.from(`${magic}${JSON.stringify(header)}\n`);
  const body = Buffer.concat([head, table.entries()]);
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeAll(descriptor, Buffer.concat([body, digestOf(body)]));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
}

/** Reads a map; undefined when there is none, or none that is whole. */
export function readMap(path: string): { header: MapHeader; table: SegmentTable } | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const body = bytes.subarray(0, -digestBytes);
  if (body.toString('latin1', 0, magic.length) !== magic) return undefined;
  if (Buffer.compare(digestOf(body), bytes.subarray(-digestBytes)) !== 0) return undefined;
  const headerEnd = body.indexOf('\n', magic.length);
  const header: MapHeader = JSON.parse(body.toString('utf8', magic.length, headerEnd));
  return { header, table: SegmentTable.restore(body.subarray(headerEnd + 1), header.imageBytes) };
}
