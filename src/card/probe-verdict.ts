// What lost markers say of a card: what lies in their place now, and from that how much the card really holds.

import { failure, PiburnError } from '../errors.js';
import { blockBytes } from '../image/segment-table.js';
import { formatBytes } from '../size-text.js';
import { type Burn, sizeOf, stopIfCancelled } from './burn-state.js';
import { type Markers, readMarkers, type Seen } from './probe-markers.js';
import { fillExpected } from './write.js';

/** Where else something that was found lies, or should lie. */
interface Origin {
  readonly what: 'image' | 'marker';
  readonly offsetBytes: number;
}

/** So much of the image is searched for a block that came back in the wrong place. */
const searchedBytesMax = 4 * 1024 ** 3;

/**
 * Reads the markers back; undefined: all are there.
 * @returns PiburnError `FAKE_CAPACITY`, whose sentence goes on with what verifying found, if it did.
 * @throws SystemError when the card is gone.
 */
export function findFake(burn: Burn, markers: Markers, mismatch?: PiburnError): PiburnError | undefined {
  const seen = readMarkers(burn, markers);
  const lost = seen.filter(({ isKept }) => !isKept);
  const lowest = lost[0];
  if (lowest === undefined) return undefined;
  const wrap = nearestOrigin(burn, seen, lost);
  const { path } = burn.bench;
  const sentence = wrap === undefined ? swallowed(burn, seen, lowest) : wrapped(burn, wrap);
  const rest = mismatch === undefined ? '' : `; besides, ${mismatch.failure.message}`;
  return failure('FAKE_CAPACITY', `${path} ${sentence}${rest}`, {
    device: path,
    offsetBytes: (wrap?.at ?? lowest).offsetBytes,
    lengthBytes: blockBytes,
    hint: `give the card back; \`piburn probe --full ${path}\` measures what it holds`,
  });
}

/** A mismatch, or the better explanation of it. */
export function explainMismatch(burn: Burn, markers: Markers | undefined, problem: unknown): unknown {
  if (markers === undefined || !(problem instanceof PiburnError) || !mismatches.includes(problem.failure.code))
    return problem;
  stopIfCancelled(burn.counters);
  try {
    return findFake(burn, markers, problem) ?? problem;
  } catch {
    return problem; // The card answers no more; what was found before that is still true.
  }
}

/** Whether it leaves open that what was written has come out in another place. */
export const mayHaveStrayed = (problem: unknown): boolean =>
  problem instanceof PiburnError && strayed.includes(problem.failure.code);

const strayed = ['FAKE_CAPACITY', 'CARD_WRAPS', 'VERIFY_MISMATCH', 'CARD_WEAK'];

const mismatches = ['VERIFY_MISMATCH', 'VERIFY_READ', 'CARD_WEAK', 'CARD_WRAPS'];

interface Wrap {
  readonly at: Seen;
  readonly origin: Origin;
}

const distance = ({ at, origin }: Wrap): number => Math.abs(at.offsetBytes - origin.offsetBytes);

/** Every distance is a multiple of the true size; the shortest tells it, or comes nearest. */
function nearestOrigin(burn: Burn, seen: readonly Seen[], lost: readonly Seen[]): Wrap | undefined {
  const wraps: Wrap[] = [];
  for (const at of lost) {
    const origin = at.found === undefined ? undefined : (amongMarkers(seen, at.found) ?? wrappedOnto(burn, at));
    if (origin !== undefined) wraps.push({ at, origin });
  }
  const unexplained = lost.find(({ found }) => found !== undefined && !isUniform(found));
  if (wraps.length === 0 && unexplained?.found !== undefined) {
    const offsetBytes = searchImage(burn, unexplained.found);
    if (offsetBytes !== undefined) wraps.push({ at: unexplained, origin: { what: 'image', offsetBytes } });
  }
  return wraps.toSorted((a, b) => distance(a) - distance(b))[0];
}

const isUniform = (bytes: Buffer): boolean => bytes.every((byte) => byte === bytes[0]);

function amongMarkers(seen: readonly Seen[], found: Buffer): Origin | undefined {
  const other = seen.find(({ bytes }) => bytes.equals(found));
  return other === undefined ? undefined : { what: 'marker', offsetBytes: other.offsetBytes };
}

/** Whether it is the image's block at the same offset modulo a power of two: how nearly all such cards are made. */
function wrappedOnto(burn: Burn, { offsetBytes, found }: Seen): Origin | undefined {
  if (found === undefined || isUniform(found)) return undefined;
  let before = -1;
  for (let wrapBytes = 2 ** Math.floor(Math.log2(offsetBytes)); wrapBytes >= blockBytes; wrapBytes /= 2) {
    const place = offsetBytes % wrapBytes;
    if (place !== before && burnedBlock(burn, place)?.equals(found)) return { what: 'image', offsetBytes: place };
    before = place;
  }
  return undefined;
}

/** What this burn puts at an offset, its patch included; undefined behind the image. */
function burnedBlock({ bench, table, job }: Burn, offsetBytes: number): Buffer | undefined {
  if (offsetBytes + blockBytes > (table.totalBytes ?? 0)) return undefined;
  const patch = job.patch.filter(
    (block) => block.offsetBytes < offsetBytes + blockBytes && block.offsetBytes + block.bytes.length > offsetBytes,
  );
  fillExpected(bench, { offsetBytes, lengthBytes: blockBytes, from: 'image', patch });
  return bench.card.buffer.subarray(0, blockBytes);
}

/** Looks through the image for a block, wherever it begins at a sector. */
function searchImage({ bench, table, counters }: Burn, block: Buffer): number | undefined {
  let searchedBytes = 0;
  for (let index = 0; index < table.count && searchedBytes < searchedBytesMax; index++) {
    const { offsetBytes, lengthBytes, zero } = table.at(index);
    if (zero) continue;
    stopIfCancelled(counters);
    counters.beat();
    const got = bench.image.readInto(bench.card, offsetBytes, lengthBytes);
    const bytes = bench.card.buffer.subarray(0, got);
    for (let at = bytes.indexOf(block); at >= 0; at = bytes.indexOf(block, at + 1))
      if (at % 512 === 0) return offsetBytes + at;
    searchedBytes += lengthBytes;
  }
  return undefined;
}

function wrapped(burn: Burn, wrap: Wrap): string {
  const { at, origin } = wrap;
  const as = origin.what === 'image' ? `the image's byte ${origin.offsetBytes}` : `that of byte ${origin.offsetBytes}`;
  return (
    `claims ${formatBytes(sizeOf(burn))} and holds about ${formatBytes(distance(wrap))}: ` +
    `what was written at byte ${at.offsetBytes} came back as ${as}`
  );
}

function swallowed(burn: Burn, seen: readonly Seen[], lowest: Seen): string {
  const what = `what was written at byte ${lowest.offsetBytes} was lost (${nowIs(lowest.found)})`;
  const claims = `claims ${formatBytes(sizeOf(burn))}`;
  if (seen.some(({ isKept, offsetBytes }) => isKept && offsetBytes > lowest.offsetBytes))
    return `${claims}, but ${what}, though what lies behind it was not: it is failing, or smaller than it says`;
  const kept = seen.findLast(({ offsetBytes }) => offsetBytes < lowest.offsetBytes);
  const atLeast = kept === undefined ? '' : `at least ${formatBytes(kept.offsetBytes + blockBytes)} and `;
  return `${claims} and holds ${atLeast}less than ${formatBytes(lowest.offsetBytes + blockBytes)}: ${what}`;
}

function nowIs(found: Buffer | undefined): string {
  if (found === undefined) return 'it cannot be read';
  if (!isUniform(found)) return 'something else is there';
  return `all bytes are ${(found[0] ?? 0).toString(16).padStart(2, '0')}`;
}
