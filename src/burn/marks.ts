// How a card that was burned in this run is known again: by bytes of its patch that no other node has.

import { digestOf } from '../image/digest.js';
import type { BurnedMark, CardReport, CardTrace } from '../protocol.js';
import type { Work } from './queue.js';

/** What is looked at in one piece on every card that is put in. */
const markBytesMax = 64 * 1024;

/** The mark of a node's card; none where nothing on it is its own. */
export function traceOfCard(work: Work, all: readonly Work[]): CardTrace | undefined {
  for (const { offsetBytes, bytes } of work.patch) {
    const own = bytes.subarray(0, markBytesMax);
    const isShared = all.some(
      (other) =>
        other !== work &&
        other.patch.some(
          (block) => block.offsetBytes === offsetBytes && isEqual(block.bytes.subarray(0, markBytesMax), own),
        ),
    );
    if (!isShared) return { offsetBytes, lengthBytes: own.length, xxh3: Buffer.from(digestOf(own)).toString('hex') };
  }
  return undefined;
}

/** The marks of good cards, for workers to look for. */
export const marksOf = (reports: readonly CardReport[]): BurnedMark[] =>
  reports.flatMap(({ hostname, mark }) => {
    if (hostname === undefined || mark === undefined || mark.lengthBytes > markBytesMax) return [];
    const { offsetBytes, lengthBytes, xxh3 } = mark;
    return [{ hostname, offsetBytes, lengthBytes, digest: Buffer.from(xxh3, 'hex') }];
  });

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
