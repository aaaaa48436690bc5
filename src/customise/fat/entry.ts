// What a directory says of a file: one short entry, with the long name in entries before it (fatgen103, "FAT Directory
// Structure").

import { continueLongName, isLongEntry, type LongName } from './long-name.js';
import { isShowable, type ShortName, shortNameChecksum, showShortName } from './name.js';
import { attributes, deletedMark, endMark, slotBytes } from './slot.js';
import { fatTimestamp } from './timestamp.js';

/** A file or directory as its directory knows it. */
export interface DirectoryEntry {
  /** The name as it is shown. */
  readonly name: string;
  /** The 8.3 name, by which it can be found too. */
  readonly alias: string;
  readonly attributes: number;
  readonly firstCluster: number;
  readonly sizeBytes: number;
  /** The slots it takes: from its first long entry to its short entry. */
  readonly firstSlot: number;
  readonly lastSlot: number;
}

/** What a short entry says of the file's content. */
export interface Content {
  readonly firstCluster: number;
  readonly sizeBytes: number;
  readonly modified: Date;
}

/** The short entry of a new file or directory. */
export function newShortEntry(name: ShortName, attribute: number, content: Content): Uint8Array {
  const entry = new Uint8Array(slotBytes);
  const view = new DataView(entry.buffer);
  const { date, time, hundredths } = fatTimestamp(content.modified);
  entry.set(name.bytes, 0);
  entry[12] = name.caseFlags;
  entry[13] = hundredths;
  view.setUint16(14, time, true);
  view.setUint16(16, date, true);
  return withContent(entry, attribute, content);
}

/** A short entry with other content; its name and its creation time stay. */
export function withContent(entry: Uint8Array, attribute: number, content: Content): Uint8Array {
  const updated = Uint8Array.from(entry);
  const view = new DataView(updated.buffer);
  const { date, time } = fatTimestamp(content.modified);
  updated[11] = attribute;
  view.setUint16(18, date, true);
  view.setUint16(20, content.firstCluster >>> 16, true);
  view.setUint16(22, time, true);
  view.setUint16(24, date, true);
  view.setUint16(26, content.firstCluster & 0xffff, true);
  view.setUint32(28, content.sizeBytes, true);
  return updated;
}

/** The first two entries of a directory: itself and the one above, whose cluster is given as 0 if it is the root. */
export function newDotEntries(ownCluster: number, parentCluster: number, modified: Date): Uint8Array {
  const entries = new Uint8Array(2 * slotBytes);
  for (const [index, firstCluster] of [ownCluster, parentCluster].entries()) {
    const name = { bytes: Buffer.from('.'.repeat(index + 1).padEnd(11), 'latin1'), caseFlags: 0 };
    const entry = newShortEntry(name, attributes.directory, { firstCluster, sizeBytes: 0, modified });
    entries.set(entry, index * slotBytes);
  }
  return entries;
}

export const isDirectory = (entry: DirectoryEntry): boolean => (entry.attributes & attributes.directory) !== 0;

/** All files and directories of a directory's bytes up to its end mark, without `.`, `..` and the label. */
export function parseEntries(bytes: Uint8Array, wideClusters: boolean): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let long: LongName | undefined;
  for (let slot = 0; (slot + 1) * slotBytes <= bytes.length; slot++) {
    const entry = bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes);
    if (entry[0] === endMark) break;
    if (isNamedEntry(entry)) entries.push(parseShortEntry(entry, slot, wideClusters, long));
    long = isLongEntry(entry) ? continueLongName(long, entry, slot) : undefined;
  }
  return entries;
}

/** The volume label among a root directory's bytes, as its 11 stored bytes. */
export function findLabel(bytes: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at + slotBytes <= bytes.length && bytes[at] !== endMark; at += slotBytes) {
    const entry = bytes.subarray(at, at + slotBytes);
    const isLabel = ((entry[11] ?? 0) & (attributes.volumeLabel | attributes.directory)) === attributes.volumeLabel;
    if (isLabel && !isLongEntry(entry) && entry[0] !== deletedMark) return entry.subarray(0, 11);
  }
  return undefined;
}

/** How `.` and `..` begin, and nothing else does. */
const dot = 0x2e;

const isNamedEntry = (entry: Uint8Array): boolean =>
  entry[0] !== deletedMark && entry[0] !== dot && ((entry[11] ?? 0) & attributes.volumeLabel) === 0;

function parseShortEntry(
  entry: Uint8Array,
  slot: number,
  wideClusters: boolean,
  long: LongName | undefined,
): DirectoryEntry {
  const view = new DataView(entry.buffer, entry.byteOffset, slotBytes);
  const storedName = entry.subarray(0, 11);
  const belongs = long !== undefined && long.nextOrdinal === 0 && long.checksum === shortNameChecksum(storedName);
  const shortName = showShortName(storedName, view.getUint8(12));
  // On FAT12 and FAT16 the upper half is no cluster number: OS/2 kept something else there.
  const upperHalf = wideClusters ? view.getUint16(20, true) : 0;
  return {
    name: belongs && isShowable(long.text) ? long.text : shortName,
    alias: shortName,
    attributes: view.getUint8(11),
    firstCluster: upperHalf * 0x10000 + view.getUint16(26, true),
    sizeBytes: view.getUint32(28, true),
    firstSlot: belongs ? long.firstSlot : slot,
    lastSlot: slot,
  };
}
