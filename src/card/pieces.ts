// What goes onto one card, in pieces: the image's segments as they are published, each with the patch blocks that
// fall on it; patch blocks that fall where the image is unused; and, for a full burn, the unused stretches themselves.

import { blockBytes, type SegmentTable, segmentBytesMax } from '../image/segment-table.js';
import type { PatchBlock } from '../protocol.js';

export interface Piece {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** `image`: bytes of the image; `zeros`: an unused stretch, or a used one that holds nothing but zeros. */
  readonly from: 'image' | 'zeros';
  /** Digest of the image's own bytes; undefined outside its segments, where they are zero. */
  readonly digest?: Uint8Array;
  /** Patch blocks that overlap the piece; empty: the piece is the image's. */
  readonly patch: readonly PatchBlock[];
}

/** How long to wait for the next segment before looking at the cancel flag again. */
const patienceMs = 100;

/**
 * All pieces of a card, ascending, without overlap. Follows a map that still grows: blocks its thread until the next
 * segment is there. Ends early when the image breaks; the caller looks at the table's state.
 */
export function* piecesOf(
  table: SegmentTable,
  patch: readonly PatchBlock[],
  full: boolean,
  cancelled: () => boolean,
): Generator<Piece> {
  let end = 0;
  for (const segment of follow(table, cancelled)) {
    yield* unusedPieces(end, segment.offsetBytes, patch, full);
    end = segment.offsetBytes + segment.lengthBytes;
    yield {
      offsetBytes: segment.offsetBytes,
      lengthBytes: segment.lengthBytes,
      from: segment.zero ? 'zeros' : 'image',
      digest: segment.digest,
      patch: overlapping(patch, segment.offsetBytes, end),
    };
  }
  yield* unusedPieces(end, table.totalBytes ?? end, patch, full);
}

function* follow(table: SegmentTable, cancelled: () => boolean) {
  for (let index = 0; ; ) {
    const { count, state } = { state: table.state, count: table.count };
    for (; index < count; index++) yield table.at(index);
    if (state !== 'reading' || cancelled()) return;
    table.waitBeyond(index, patienceMs);
  }
}

/** The pieces of a stretch `start..end` that the image leaves unused (and that is zero in it). */
function* unusedPieces(start: number, end: number, patch: readonly PatchBlock[], full: boolean): Generator<Piece> {
  const stretches = full ? [{ start, end }] : patchedStretches(overlapping(patch, start, end), start, end);
  for (const stretch of stretches)
    for (let offsetBytes = stretch.start; offsetBytes < stretch.end; offsetBytes += segmentBytesMax) {
      const lengthBytes = Math.min(segmentBytesMax, stretch.end - offsetBytes);
      yield {
        offsetBytes,
        lengthBytes,
        from: 'zeros',
        patch: overlapping(patch, offsetBytes, offsetBytes + lengthBytes),
      };
    }
}

/** The 4 KiB blocks of `start..end` that patch blocks touch, neighbours joined. */
function patchedStretches(blocks: readonly PatchBlock[], start: number, end: number) {
  const stretches: { start: number; end: number }[] = [];
  for (const block of blocks) {
    const from = Math.max(start, Math.floor(block.offsetBytes / blockBytes) * blockBytes);
    const to = Math.min(end, Math.ceil((block.offsetBytes + block.bytes.length) / blockBytes) * blockBytes);
    const last = stretches.at(-1);
    if (last !== undefined && from <= last.end) last.end = Math.max(last.end, to);
    else stretches.push({ start: from, end: to });
  }
  return stretches;
}

const overlapping = (patch: readonly PatchBlock[], start: number, end: number): readonly PatchBlock[] =>
  patch.filter((block) => block.offsetBytes < end && block.offsetBytes + block.bytes.length > start);
