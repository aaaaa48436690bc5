// Long names: stored as UTF-16 in entries before a file's short entry, tied to it by a checksum (fatgen103, "FAT Long
// Directory Entries"). Old systems take them for volume labels and do not see them.

import { type ShortName, shortNameChecksum } from './name.js';
import { attributes, deletedMark, slotBytes } from './slot.js';

const lastLongEntry = 0x40;
const maxLongEntries = 20;

/** The characters of one long entry, by offset: 5, 6 and 2 units of UTF-16. */
const unitOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** How many long entries a name takes. */
export const longEntryCount = (name: string): number => Math.ceil(name.length / unitOffsets.length);

/** The long entries of a name in the order in which they are stored: the end of the name comes first. */
export function longEntries(name: string, alias: ShortName): Uint8Array[] {
  const count = longEntryCount(name);
  const checksum = shortNameChecksum(alias.bytes);
  return Array.from({ length: count }, (_, index) => {
    const ordinal = count - index;
    const entry = new Uint8Array(slotBytes);
    const view = new DataView(entry.buffer);
    entry[0] = index === 0 ? ordinal | lastLongEntry : ordinal;
    entry[11] = attributes.longName;
    entry[13] = checksum;
    for (const [position, offset] of unitOffsets.entries()) {
      const at = (ordinal - 1) * unitOffsets.length + position;
      const padding = at === name.length ? 0x0000 : 0xffff;
      view.setUint16(offset, at < name.length ? name.charCodeAt(at) : padding, true);
    }
    return entry;
  });
}

/** A long name while its entries are read: `nextOrdinal` is 0 when it is complete. */
export interface LongName {
  readonly text: string;
  readonly nextOrdinal: number;
  readonly checksum: number;
  readonly firstSlot: number;
}

export const isLongEntry = (entry: Uint8Array): boolean =>
  ((entry[11] ?? 0) & 0x3f) === attributes.longName && entry[0] !== deletedMark;

/** The name with one entry more; undefined when the entry does not follow, as after an edit by an old system. */
export function continueLongName(before: LongName | undefined, entry: Uint8Array, slot: number): LongName | undefined {
  const mark = entry[0] ?? 0;
  const checksum = entry[13] ?? 0;
  const ordinal = mark & 0x3f;
  if ((mark & lastLongEntry) !== 0) {
    if (ordinal === 0 || ordinal > maxLongEntries) return undefined;
    return { text: longEntryText(entry), nextOrdinal: ordinal - 1, checksum, firstSlot: slot };
  }
  if (before === undefined || ordinal === 0 || ordinal !== before.nextOrdinal) return undefined;
  if (checksum !== before.checksum) return undefined;
  return { ...before, text: longEntryText(entry) + before.text, nextOrdinal: ordinal - 1 };
}

function longEntryText(entry: Uint8Array): string {
  const view = new DataView(entry.buffer, entry.byteOffset, slotBytes);
  const units = unitOffsets.map((offset) => view.getUint16(offset, true));
  const end = units.indexOf(0);
  return String.fromCharCode(...(end < 0 ? units : units.slice(0, end)));
}
