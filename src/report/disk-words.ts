// A disk in words: how it is connected, how large it is, what is on it, who uses it, and whether `create` would take it.
// Whatever a device or a card says of itself is made harmless here.

import type { DiskCard, DiskPart, DiskRow, DiskVerdict } from '../protocol.js';
import { formatBytes } from '../size-text.js';
import { isAmount, stripControls, unknownText } from './text.js';

/** A disk with what the history says against the card in it. */
export interface ShownDisk extends DiskRow {
  readonly card?: DiskCard & { readonly warnings?: readonly string[] };
}

/** The label of its slot, else `slot 3`; empty for a disk that is in none. */
export function slotName({ slot }: Pick<DiskRow, 'slot'>): string {
  if (slot === undefined) return '';
  return harmless(slot.label ?? '') || `slot ${isAmount(slot.number) ? slot.number : unknownText}`;
}

/** Its slot with its path, else its path. */
export function diskName(disk: DiskRow): string {
  const slot = slotName(disk);
  return slot === '' ? harmless(disk.path) : `${slot} (${harmless(disk.path)})`;
}

export function makerText({ vendor, model, transport }: DiskRow): string {
  const words = harmless(`${vendor} ${model}`);
  if (words !== '') return words;
  return transport === 'mmc' ? 'SD card' : unknownText;
}

const buses: Readonly<Record<string, string>> = { mmc: 'SD slot', sata: 'SATA', nvme: 'NVMe', scsi: 'SCSI' };

/** `USB 3`, `USB 2, shared hub`, `SD slot`, `NVMe`. */
export function busText({ transport, speedMbps, hubSharedWith = 0, removable }: DiskRow): string {
  if (transport === 'usb') return `USB${usbVersion(speedMbps)}${hubSharedWith > 0 ? ', shared hub' : ''}`;
  if (transport === 'mmc' && !removable) return 'eMMC';
  return (Object.hasOwn(buses, transport) && buses[transport]) || harmless(transport) || unknownText;
}

/** Speeds of the USB specifications: 1.5 and 12 Mbit/s are USB 1, 480 is USB 2, 5000 to 20000 USB 3. */
function usbVersion(speedMbps: number | undefined): string {
  if (speedMbps === undefined || !isAmount(speedMbps)) return '';
  if (speedMbps < 480) return ' 1';
  return speedMbps < 5000 ? ' 2' : speedMbps <= 20_000 ? ' 3' : ' 4';
}

/** `31.9 GB/29.7 GiB`. */
export function sizeText({ sizeBytes, hasMedium }: DiskRow): string {
  return hasMedium && isAmount(sizeBytes) ? formatBytes(sizeBytes) : unknownText;
}

const shownParts = 8;

/** `dos: bootfs (vfat), rootfs (ext4)`, `ext4`, `nothing found`, or `no card`. */
export function contentText({ hasMedium, tableKind, parts, fileSystem, ...disk }: ShownDisk): string {
  if (!hasMedium) return 'no card';
  if (tableKind === '' && parts.length === 0) return harmless(fileSystem) || unseenText(disk);
  const more = parts.length > shownParts ? [`${parts.length - shownParts} more`] : [];
  const words = [...parts.slice(0, shownParts).map(partText), ...more].join(', ');
  return `${harmless(tableKind) || 'unknown table'}: ${words || 'no partitions'}`;
}

/** Without udev the system tells of little. */
function unseenText(disk: Pick<ShownDisk, 'card' | 'mountpoints' | 'inUseBy'>): string {
  if (cardText(disk.card) !== '') return 'burned by piburn';
  return useText(disk) === '' ? 'nothing found' : 'not known';
}

const partText = ({ name, label, fileSystem }: DiskPart): string =>
  `${harmless(label) || harmless(name)} (${harmless(fileSystem) || 'unknown'})`;

/** `red001, 2026-10-02-raspios.img, 2026-11-01`; empty for a card that piburn has not burned, or does not know any more. */
export function cardText(card: DiskCard | undefined): string {
  const words = [card?.hostname, card?.image, card?.burnedAt?.slice(0, 10)].map((word) => harmless(word ?? ''));
  return words.filter((word) => word !== '').join(', ');
}

/** Mounts, and what is built upon it. */
export const useText = ({ mountpoints, inUseBy }: Pick<DiskRow, 'mountpoints' | 'inUseBy'>): string =>
  [...mountpoints, ...inUseBy].map(harmless).filter(Boolean).join(', ');

const verdicts: Readonly<Record<string, string>> = {
  NO_MEDIUM: 'empty',
  READ_ONLY: 'locked',
  SYSTEM_DISK: 'never',
  SWAP_IN_USE: 'never',
  HOLDS_NEEDED_FILES: 'needed',
  MOUNTED: 'mounted',
  IN_USE: 'in use',
  NOT_REMOVABLE: 'built in',
  ONBOARD_EMMC: 'on board',
  TOO_LARGE: 'too large',
};

/** `ready`, or in a word why not. */
export const verdictText = (refusal: DiskVerdict | undefined): string =>
  refusal === undefined ? 'ready' : (Object.hasOwn(verdicts, refusal.code) && verdicts[refusal.code]) || 'refused';

/** Text from outside on one line, without controls and without spaces at its ends. */
export const harmless = (text: string): string => stripControls(text).replace(/\s+/g, ' ').trim();
