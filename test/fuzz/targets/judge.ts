// What may come out of a parser: an answer or a PiburnError, and nothing that could harm a terminal.

import assert from 'node:assert/strict';
import { PiburnError } from '../../../src/errors.js';

/** The answer; undefined for an error in piburn's own words. Any other error goes on. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    return judged(error);
  }
}

export async function attemptAsync<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    return judged(error);
  }
}

function judged(error: unknown): undefined {
  if (!(error instanceof PiburnError)) throw error;
  assert.notEqual(error.failure.code, 'UNEXPECTED', error.message);
  assert.ok(error.message.length < 20_000, `a message of ${error.message.length} characters`);
  assertPlain(error.message.replaceAll('\n', ' '));
  return undefined;
}

/** Fails for what a terminal would obey or hide. */
export function assertPlain(text: string): void {
  const found = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(text);
  assert.equal(found, null, `${JSON.stringify(text.slice(0, 200))} could harm a terminal`);
}

const mostReads = 20_000;
const mostBytes = 256 * 1024 * 1024;

/**
 * Reads of an image, bounded in number and amount: what loops or asks for too much fails. Up to `sizeBytes` there are
 * zeros behind the bytes.
 */
export function boundedReader(
  bytes: Uint8Array,
  startBytes = 0,
  sizeBytes = bytes.length,
): (offsetBytes: number, lengthBytes: number) => Uint8Array {
  let [reads, readBytes] = [0, 0];
  return (offsetBytes, lengthBytes) => {
    reads += 1;
    readBytes += lengthBytes;
    const [from, to] = [offsetBytes - startBytes, offsetBytes - startBytes + lengthBytes];
    assert.ok(reads < mostReads && readBytes < mostBytes, `${reads} reads of ${readBytes} bytes: it does not end`);
    assert.ok(Number.isSafeInteger(from) && from >= 0 && to >= from, `reads ${lengthBytes} bytes at ${from}`);
    if (to <= bytes.length || from >= sizeBytes || sizeBytes === bytes.length) return bytes.subarray(from, to);
    const padded = new Uint8Array(Math.min(to, sizeBytes) - from);
    padded.set(bytes.subarray(from, to));
    return padded;
  };
}
