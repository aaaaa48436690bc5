// Files of JSON lines that survive a power cut: a line is appended by one write and synced, and a line that was cut off
// costs nothing but itself.

import { fstatSync, fsyncSync, readSync, writeSync } from 'node:fs';
import { unusable } from './place.js';

const newline = 0x0a;
const maxWriteBytes = 32 * 1024 * 1024;

/**
 * Appends a line with one write(2); after one that was cut off it begins anew. The descriptor is open for appending and
 * reading; `path` is for messages. The caller syncs.
 * @throws PiburnError `RECORDS_UNUSABLE`, or a system error.
 */
export function appendLine(descriptor: number, path: string, value: object): void {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1, newline);
  if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
  const text = `${JSON.stringify(value)}\n`;
  const bytes = Buffer.from(last[0] === newline ? text : `\n${text}`);
  if (bytes.length > maxWriteBytes) throw unusable(`a note of ${bytes.length} bytes is too long for ${path}`);
  const writtenBytes = writeSync(descriptor, bytes);
  if (writtenBytes < bytes.length) throw unusable(`${path} took ${writtenBytes} of ${bytes.length} bytes`);
}

/** The same, and it lasts. */
export function appendSynced(descriptor: number, path: string, value: object): void {
  appendLine(descriptor, path, value);
  fsyncSync(descriptor);
}

/** The last `maxBytes` of a file: its whole lines, and the rest of one that was cut off. */
export function readTail(descriptor: number, maxBytes: number): Buffer {
  const { size } = fstatSync(descriptor);
  const lengthBytes = Math.min(size, maxBytes);
  const bytes = Buffer.alloc(lengthBytes);
  let gotBytes = 0;
  while (gotBytes < lengthBytes) {
    const read = readSync(descriptor, bytes, gotBytes, lengthBytes - gotBytes, size - lengthBytes + gotBytes);
    if (read === 0) break;
    gotBytes += read;
  }
  const tail = bytes.subarray(0, gotBytes);
  if (lengthBytes === size) return tail;
  const first = tail.indexOf(newline); // the line before it is not whole
  return first < 0 ? tail.subarray(0, 0) : tail.subarray(first + 1);
}

/** The lines of a file, the last one first, empty ones left out. */
export function* linesBackwards(bytes: Buffer): Generator<string> {
  let end = bytes.length;
  while (end > 0) {
    const start = bytes.lastIndexOf(newline, end - 1) + 1;
    if (start < end) yield bytes.toString('utf8', start, end);
    end = start - 1;
  }
}

/** What a line says; undefined when it is no JSON. */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
