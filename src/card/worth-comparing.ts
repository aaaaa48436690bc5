// Whether a card is like the image at all: a look at a few places spread over it, so that a card with something else on
// it is written at once instead of being read for nothing. It is an estimate and proves nothing.
//
// Comparing costs a reading of everything, and what differs is then written and all of it read again; so it pays while
// the part that differs is smaller than 1 - (time to read : time to write), a third to two thirds on usual cards.

import type { SegmentTable } from '../image/segment-table.js';
import { type Burn, sizeOf, stopIfCancelled } from './burn-state.js';
import { isUnreadable } from './verify.js';
import { wipeBytes } from './write.js';

/** At most 2 MiB in all, some 0.1 s on a card. */
const placesMax = 32;
const placeBytes = 64 * 1024;
/** At least this part of the places has to be as the image is. */
const leastShare = 1 / 4;
/** A card that cannot be read may think half a minute over each try. */
const unreadableMax = 4;

/** True also where there is no place to look at. The card is not written. */
export function isWorthComparing(burn: Burn): boolean {
  const { bench, counters } = burn;
  counters.enter('comparing', 0);
  let same = 0;
  let looked = 0;
  let unreadable = 0;
  for (const place of placesOf(burn)) {
    stopIfCancelled(counters);
    counters.beat();
    const wanted = imageBytes(burn, place);
    // Zeros lie everywhere, on an empty card too.
    if (wanted.every((byte) => byte === 0)) continue;
    looked++;
    try {
      const got = bench.card.read(place.offsetBytes, place.lengthBytes, bench.requestBytes);
      if (bench.card.buffer.subarray(0, got).equals(wanted)) same++;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (++unreadable === unreadableMax) return false;
    }
  }
  return same >= looked * leastShare;
}

interface Place {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** The beginnings of segments, spread evenly; none with this node's patch on it, and none in the ends that were wiped. */
function placesOf(burn: Burn): Place[] {
  const { table, job } = burn;
  const endBytes = sizeOf(burn) - wipeBytes;
  const candidates = spread(table.count)
    .map((index) => placeAt(table, index))
    .filter((place) => place !== undefined);
  return candidates.filter(
    ({ offsetBytes, lengthBytes }) =>
      offsetBytes >= wipeBytes &&
      offsetBytes + lengthBytes <= endBytes &&
      !job.patch.some(
        (block) =>
          block.offsetBytes < offsetBytes + lengthBytes && block.offsetBytes + block.bytes.length > offsetBytes,
      ),
  );
}

const spread = (count: number): number[] => {
  const places = Math.min(placesMax, count);
  return Array.from({ length: places }, (_, index) => Math.floor(((index + 0.5) * count) / places));
};

function placeAt(table: SegmentTable, index: number): Place | undefined {
  const { offsetBytes, lengthBytes, zero } = table.at(index);
  return zero ? undefined : { offsetBytes, lengthBytes: Math.min(placeBytes, lengthBytes) };
}

function imageBytes({ bench: { image, card } }: Burn, { offsetBytes, lengthBytes }: Place): Buffer {
  const got = image.readInto(card, offsetBytes, lengthBytes);
  return Buffer.from(card.buffer.subarray(0, got));
}
