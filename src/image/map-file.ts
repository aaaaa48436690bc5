// The segment map on disk: a magic line, a header as one line of JSON, the table's entries as they are in memory
// (src/image/segment-table.ts), and an XXH3-128 digest over all of it. A map that is cut short or damaged is no map.

import { closeSync, constants, fsyncSync, readFileSync, writeSync } from 'node:fs';
import { digestOf } from './digest.js';
import type { SourceIdentity } from './identity.js';
import { digestBytes, SegmentTable } from './segment-table.js';
import { openFileInStore } from './store-access.js';

const magic = 'piburn segment map 1\n';

export interface MapHeader {
  readonly imageBytes: number;
  readonly segments: number;
  /** What each partition was understood as, a line each. */
  readonly layout: readonly string[];
  readonly source?: SourceIdentity;
  /** As people call it: a tag, or a file name. */
  readonly name?: string;
  readonly format?: string;
  /** Of the file as it was published; 64 hexadecimal digits. */
  readonly archiveSha256?: string;
  readonly imageSha256?: string;
  /** Who had said what the digest should be; empty: nobody. */
  readonly trustedBy?: readonly string[];
  readonly archiveBytes?: number;
  /** The .bmap that was used: its name and digest. */
  readonly bmap?: string;
  /** What the web server said of it. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** `init_format` of the list of operating systems. */
  readonly initFormat?: string;
  /** When it was brought in (ISO 8601). */
  readonly madeAt?: string;
}

/** A .bmap as the map remembers it. */
export const nameOfBmap = ({ name, text }: { readonly name: string; readonly text: string }): string =>
  `${name} ${Buffer.from(digestOf(Buffer.from(text))).toString('hex')}`;

export function writeMap(path: string, table: SegmentTable, header: MapHeader): void {
  const head = Buffer.from(`${magic}${JSON.stringify(header)}\n`);
  const body = Buffer.concat([head, table.entries()]);
  const descriptor = openFileInStore(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
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
  const map = readWhole(path);
  if (map === undefined) return undefined;
  return { header: map.header, table: SegmentTable.restore(map.entries, map.header.imageBytes) };
}

/** What a map says of its image; undefined when there is none, or none that is whole. */
export const readMapHeader = (path: string): MapHeader | undefined => readWhole(path)?.header;

function readInStore(path: string): Buffer {
  const descriptor = openFileInStore(path, constants.O_RDONLY);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(path: string): { header: MapHeader; entries: Buffer } | undefined {
  let bytes: Buffer;
  try {
    bytes = readInStore(path);
  } catch {
    return undefined;
  }
  const body = bytes.subarray(0, -digestBytes);
  if (body.toString('latin1', 0, magic.length) !== magic) return undefined;
  if (Buffer.compare(digestOf(body), bytes.subarray(-digestBytes)) !== 0) return undefined;
  const headerEnd = body.indexOf('\n', magic.length);
  return { header: JSON.parse(body.toString('utf8', magic.length, headerEnd)), entries: body.subarray(headerEnd + 1) };
}
