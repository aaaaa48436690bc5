// How a card that was burned in this run is known again: by bytes of its patch that no other node has.

import { digestOf } from '../image/digest.js';
import type { BurnedMark } from '../protocol.js';
import type { Work } from './queue.js';

/** What is looked at in one piece on every card that is put in. */
const markBytesMax = 64 * 1024;

/** The mark of a node's card; none where nothing on it is its own. */
export function markOf(work: Work, all: readonly Work[]): BurnedMark[] {
  const { hostname } = work.card;
  if (hostname === undefined) return [];
  for (const { offsetBytes, bytes } of work.patch) {
    const own = bytes.subarray(0, markBytesMax);
    const isShared = all.some(
      (other) =>
        other !== work &&
        other.patch.some(
          (block) => block.offsetBytes === offsetBytes && isEqual(block.bytes.subarray(0, markBytesMax), own),
        ),
    );
    if (!isShared) return [{ hostname, offsetBytes, lengthBytes: own.length, digest: digestOf(own) }];
  }
  return [];
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
