// Everything that is known of one disk, a fact on each line.

import { formatBytes } from '../size-text.js';
import {
  busText,
  contentText,
  diskName,
  harmless,
  makerText,
  type ShownDisk,
  sizeText,
  slotName,
} from './disk-words.js';
import { failureLines } from './failure.js';
import { counted, isAmount, sentence, unknownText } from './text.js';
import { alignLeft } from './width.js';

type Fact = readonly [key: string, value: string | undefined];

/** `key: value` lines, without a line break at the end; `disks`: all of this machine, for who shares the hub. */
export function renderDiskDetails(disk: ShownDisk, disks: readonly ShownDisk[]): string {
  const facts: readonly Fact[] = [
    ...placeFacts(disk, disks),
    ['size', sizeText(disk)],
    ['medium', disk.hasMedium ? 'there' : 'no card is in it'],
    ['removable', yesNo(disk.removable)],
    ['read-only', yesNo(disk.readOnly)],
    ['on it', contentText(disk)],
    ...disk.parts.map((part): Fact => ['partition', partLine(part)]),
    ...cardFacts(disk),
    ...disk.mountpoints.map((path): Fact => ['mounted at', path]),
    ...disk.inUseBy.map((user): Fact => ['in use by', user]),
    ...verdictFacts(disk),
  ];
  const told = facts.map(([key, value]): [string, string] => [key, harmless(value ?? '')]);
  return told
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${alignLeft(`${key}:`, 14)}${value}`)
    .join('\n');
}

function placeFacts(disk: ShownDisk, disks: readonly ShownDisk[]): Fact[] {
  const { slot, speedMbps, hub } = disk;
  const speed = speedMbps !== undefined && isAmount(speedMbps) ? `, ${speedMbps} Mbit/s` : '';
  const kinds = { reader: 'a card reader', disk: 'a disk', system: 'a disk of the running system' } as const;
  return [
    ['path', disk.path],
    ...disk.links.map((link): Fact => ['link', link]),
    ['kind', kinds[disk.kind]],
    ['slot', slot === undefined ? undefined : slotName({ slot: { port: '', number: slot.number } })],
    ['label', slot?.label],
    ['port', slot?.port],
    ['reader', makerText(disk)],
    ['serial', disk.serial],
    ['CID', disk.cid],
    ['bus', `${busText(disk)}${speed}`],
    ['hub', hub === undefined ? undefined : `${hub}${sharedText(disk, disks)}`],
  ];
}

const shownMates = 8;

function sharedText({ hub, path, hubSharedWith = 0 }: ShownDisk, disks: readonly ShownDisk[]): string {
  if (hubSharedWith === 0) return ', not shared';
  const mates = disks.filter((other) => other.hub === hub && other.path !== path).map(diskName);
  const more = mates.length > shownMates ? [`${mates.length - shownMates} more`] : [];
  const names = [...mates.slice(0, shownMates), ...more].join(', ');
  return `, shared with ${names || counted(hubSharedWith, 'other disk')}`;
}

function partLine({ name, sizeBytes, label, fileSystem }: ShownDisk['parts'][number]): string {
  const size = isAmount(sizeBytes) ? formatBytes(sizeBytes) : unknownText;
  return [name, size, fileSystem || 'unknown', label === '' ? '' : `"${label}"`].filter(Boolean).join(', ');
}

function cardFacts({ card }: ShownDisk): Fact[] {
  return [
    ['host name', card?.hostname],
    ['image', card?.image],
    ['burned', card?.burnedAt],
    ['card', card?.cardId],
    ...(card?.warnings ?? []).map((text): Fact => ['warning', sentence(text)]),
  ];
}

function verdictFacts({ refusal }: ShownDisk): Fact[] {
  if (refusal === undefined) return [['create', 'ready']];
  const [message, ...next] = failureLines({ kind: 'refused', ...refusal });
  return [['create', `would refuse it: ${message}`], ...next.map((line): Fact => ['', line])].map(
    ([key = '', value = '']): Fact => (key === '' ? ['next', value.replace(/^Next: /, '')] : [key, value]),
  );
}

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
