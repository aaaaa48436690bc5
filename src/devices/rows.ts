// The disks of this machine as rows for people: readers in the order of their slots, other disks, then those that the
// running system needs. Pure.

import type { PiburnError } from '../errors.js';
import { given } from '../given.js';
import type { DiskPart, DiskRow, DiskVerdict, SlotPlace } from '../protocol.js';
import { type BlockDevice, type SystemFacts, withPartitions } from './facts.js';
import { mountpointsOf, sleepingMember, swapsOn, unseenParts, usersOf } from './in-use.js';
import { naturally } from './natural-order.js';
import { diskRefusals, isDisk, type RefusalOptions } from './refuse-disk.js';
import { isReader, numberSlots, type SlotBook } from './slots.js';
import { isSystemDisk } from './system-disk.js';

/** A row, with the kernel's count that tells one card from the next in the same slot. */
export interface DiskSight extends DiskRow {
  readonly diskSequence?: number;
}

/**
 * All whole disks; with `loops` also loop devices that have a file.
 * `refusal` is the gravest reason why `create` with these options would not write.
 */
export function diskRows(
  facts: SystemFacts,
  book: SlotBook,
  options: RefusalOptions & { readonly loops?: boolean },
): DiskSight[] {
  const places = numberSlots(facts, book);
  const shown = [...facts.devices.values()].filter(
    (device) =>
      isDisk(device) || (options.loops === true && device.kind === 'loop' && device.backingFile !== undefined),
  );
  const rows = shown.map((disk) => rowOf(disk, slotOf(disk, places), facts, options));
  const hubs = rows.map((row) => row.hub);
  const withHubs = rows.map((row) => ({
    ...row,
    ...(row.hub === undefined ? {} : { hubSharedWith: hubs.filter((hub) => hub === row.hub).length - 1 }),
  }));
  return withHubs.sort(
    (a, b) =>
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      (a.slot?.number ?? Number.MAX_SAFE_INTEGER) - (b.slot?.number ?? Number.MAX_SAFE_INTEGER) ||
      naturally(a.path, b.path),
  );
}

const kinds: readonly DiskRow['kind'][] = ['reader', 'disk', 'system'];

/** A fixed disk that is plugged in where a reader was is not in that reader's slot. */
const slotOf = (disk: BlockDevice, places: ReadonlyMap<string, SlotPlace>): SlotPlace | undefined =>
  isReader(disk) ? places.get(disk.port ?? '') : undefined;

function rowOf(disk: BlockDevice, slot: SlotPlace | undefined, facts: SystemFacts, options: RefusalOptions): DiskSight {
  const [reason] = diskRefusals(disk.path, disk, facts, options);
  return {
    path: disk.path,
    links: disk.links,
    kind: isSystemDisk(disk, facts) ? 'system' : isReader(disk) ? 'reader' : 'disk',
    vendor: disk.vendor,
    model: disk.model,
    transport: disk.transport,
    sizeBytes: disk.sizeBytes,
    hasMedium: disk.sizeBytes > 0,
    removable: disk.removable,
    readOnly: disk.readOnly,
    mountpoints: mountpointsOf(disk, facts),
    inUseBy: inUseBy(disk, facts),
    tableKind: disk.tableKind,
    fileSystem: disk.tableKind === '' ? disk.fileSystem : '',
    parts: withPartitions(disk, facts).slice(1).map(partOf),
    ...given({
      slot,
      serial: disk.serial,
      cid: disk.cid,
      speedMbps: disk.usbSpeedMbps,
      hub: disk.usbHub,
      diskSequence: disk.diskSequence,
      refusal: reason === undefined ? undefined : verdictOf(reason),
    }),
  };
}

function inUseBy(disk: BlockDevice, facts: SystemFacts): string[] {
  const users = usersOf(disk, facts);
  const sleeping = users.length > 0 ? undefined : sleepingMember(disk, facts)?.words;
  return [
    ...users,
    ...unseenParts(disk, facts).map(({ name }) => `a mount of ${name} out of sight`),
    ...(sleeping === undefined ? [] : [`${sleeping}, not active`]),
    ...swapsOn(disk, facts).map((path) => `swap ${path}`),
  ];
}

const partOf = ({ name, sizeBytes, label, fileSystem }: BlockDevice): DiskPart => {
  return { name, sizeBytes, label, fileSystem };
};

const verdictOf = ({ failure: { code, message, hint } }: PiburnError): DiskVerdict => {
  return { code, message, ...given({ hint }) };
};
