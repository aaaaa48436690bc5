// What came and went between two looks at the disks. Pure.

import type { DiskChange } from '../protocol.js';
import type { DiskSight } from './rows.js';

/**
 * The changes from one look to the next, removals first. A disk is known again by its path; where a slot has a disk under
 * another path than before, its reader was plugged in again, which is a removal and an addition: whoever held the old path
 * must know. A reader that came back under the same path shows as `card-changed`, since its disk sequence is new and the
 * card may be another. The kernel has no disk for an MMC slot without a card, so there a disk that comes or goes is a card.
 * Disks that are no readers are told of too; `disk.kind` says which they are. `at`: ISO 8601.
 */
export function diffRows(before: readonly DiskSight[], after: readonly DiskSight[], at: string): DiskChange[] {
  const isMmc = (row: DiskSight) => row.transport === 'mmc';
  const twinIn = (rows: readonly DiskSight[], row: DiskSight) => rows.find((other) => isSameDisk(row, other));
  const change = (what: DiskChange['what'], disk: DiskSight): DiskChange => ({ what, path: disk.path, at, disk });
  const gone = before.filter((row) => twinIn(after, row) === undefined);
  return [
    ...gone.map((row) => change(isMmc(row) ? 'card-out' : 'reader-removed', row)),
    ...after.flatMap((row) => {
      const old = twinIn(before, row);
      if (old === undefined) return change(isMmc(row) ? 'card-in' : 'reader-added', row);
      const what = cardChange(old, row);
      return what === undefined ? [] : change(what, row);
    }),
  ];
}

/** Another disk may have got the path: one in another slot, or of another make. The make of an MMC disk is its card's. */
function isSameDisk(a: DiskSight, b: DiskSight): boolean {
  if (a.path !== b.path || a.transport !== b.transport) return false;
  if (a.slot !== undefined && b.slot !== undefined && a.slot.port !== b.slot.port) return false;
  return a.transport === 'mmc' || (a.vendor === b.vendor && a.model === b.model);
}

function cardChange(before: DiskSight, after: DiskSight): DiskChange['what'] | undefined {
  if (before.hasMedium !== after.hasMedium) return after.hasMedium ? 'card-in' : 'card-out';
  if (!after.hasMedium) return undefined;
  const isSame =
    before.diskSequence === after.diskSequence &&
    before.sizeBytes === after.sizeBytes &&
    before.serial === after.serial &&
    before.cid === after.cid;
  return isSame ? undefined : 'card-changed';
}
