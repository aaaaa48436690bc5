// Where a card is asked whether it is as large as it says: pure choice of places behind the image. A card that wraps
// around shows at byte X what was written at X modulo its true size, nearly always a power of two; so for each power of
// two there is a place that falls on a used part of the image. Places chosen blindly miss most such cards (a model in
// Esdex/Arcanum#132: two of three). A few random places catch cards that swallow what lies beyond their size.

import { blockBytes } from '../image/segment-table.js';

/** A part of the image that is used and not zero; whole blocks. */
export interface Stretch {
  readonly startBytes: number;
  readonly endBytes: number;
}

export interface CardLayout {
  readonly cardBytes: number;
  readonly imageBytes: number;
  readonly used: readonly Stretch[];
}

/** No card is smaller than this. Sizes below the image are asked about too: without verify nothing else would tell. */
const smallestWrapBytes = 64 * 1024 * 1024;
const randomPlaces = 4;
/** With the mark at the card's end 24 blocks. */
const placesMax = 23;
/** Either end of a card is wiped as it is. */
const endBytes = 1024 * 1024;
/** Blocks of the image that are tried before one is taken that is zero after all. */
const tries = 8;

/**
 * Offsets of different blocks behind the image, ascending; empty where there is no room.
 * `random`: as Math.random. `isZero`: whether the block of the image at an offset holds nothing but zeros.
 */
export function probePlaces(layout: CardLayout, random: () => number, isZero: (offsetBytes: number) => boolean) {
  const room = roomBehind(layout);
  const places = new Set<number>();
  if (room === undefined) return [];
  for (let wrapBytes = smallestWrapBytes; wrapBytes < layout.cardBytes; wrapBytes *= 2) {
    const place = placeOnto(layout.used, room, wrapBytes, random, isZero);
    if (place !== undefined && places.size < placesMax - randomPlaces) places.add(place);
  }
  const anywhere = [room];
  for (let left = randomPlaces; left > 0; left--) places.add(blockIn(anywhere, room, random) ?? room.startBytes);
  return [...places].toSorted((a, b) => a - b);
}

/** Behind the image, and in neither end of the card. */
export function roomBehind({ cardBytes, imageBytes }: CardLayout): Stretch | undefined {
  const startBytes = Math.max(endBytes, Math.ceil(imageBytes / blockBytes) * blockBytes);
  const end = Math.floor((cardBytes - endBytes) / blockBytes) * blockBytes;
  return end - startBytes < blockBytes ? undefined : { startBytes, endBytes: end };
}

/** A place in the room whose offset modulo `wrapBytes` lies in a used part of the image. */
function placeOnto(
  used: readonly Stretch[],
  room: Stretch,
  wrapBytes: number,
  random: () => number,
  isZero: (offsetBytes: number) => boolean,
): number | undefined {
  // The lowest turn around the card that reaches the room: what comes back then tells the size itself, not a multiple.
  const first = Math.max(1, Math.floor(room.startBytes / wrapBytes));
  for (let turn = first; turn <= first + 1; turn++) {
    const shift = turn * wrapBytes;
    const window = {
      startBytes: Math.max(blockBytes, room.startBytes - shift), // not the first block, which is written last
      endBytes: Math.min(wrapBytes, room.endBytes - shift),
    };
    let found: number | undefined;
    for (let left = tries; left > 0; left--) {
      found = blockIn(used, window, random);
      if (found === undefined || !isZero(found)) break;
    }
    if (found !== undefined) return found + shift;
  }
  return undefined;
}

/** A random block of the stretches within a window. */
function blockIn(stretches: readonly Stretch[], window: Stretch, random: () => number): number | undefined {
  let total = 0;
  for (const stretch of stretches) total += Math.max(0, blocksOf(stretch, window));
  if (total === 0) return undefined;
  let index = Math.min(Math.floor(random() * total), total - 1);
  for (const stretch of stretches) {
    const blocks = Math.max(0, blocksOf(stretch, window));
    if (index < blocks) return Math.max(stretch.startBytes, window.startBytes) + index * blockBytes;
    index -= blocks;
  }
  return undefined;
}

const blocksOf = (stretch: Stretch, window: Stretch): number =>
  (Math.min(stretch.endBytes, window.endBytes) - Math.max(stretch.startBytes, window.startBytes)) / blockBytes;
