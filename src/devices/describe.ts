// Reads the machine once: every block device with its relations, the mounts and the swaps. The kernel (sysfs, procfs) says what decides; lsblk adds the words that people know.

import { basename, dirname, resolve } from 'node:path';
import { failure } from '../errors.js';
import { given } from '../given.js';
import { cleanText } from './clean-text.js';
import type { BlockDevice, PathFacts, SystemFacts } from './facts.js';
import { naturally } from './natural-order.js';
import { busPlace } from './port.js';
import { parseMountinfo, parseRoot, parseSwaps } from './proc-text.js';
import { liveSource, type SystemSource } from './system-source.js';

const classBlock = '/sys/class/block';
/** Units of /sys/class/block/X/size, whatever the device's own blocks are. */
const sectorBytes = 512;

export type { SystemFacts } from './facts.js';

/**
 * Gathers the facts that targets are judged by.
 * Throws `NO_MOUNTS` where the mounts cannot be read, since nothing is safe then.
 */
export async function readSystem(source: SystemSource = liveSource): Promise<SystemFacts> {
  const words = await wordsNow(source);
  const names = [...source.list(classBlock)].sort(naturally);
  const mounts = parseMountinfo(source.readText('/proc/self/mountinfo') ?? '');
  if (!mounts.some((mount) => mount.mountpoint === '/')) {
    throw failure('NO_MOUNTS', 'Cannot read which file systems are mounted: /proc/self/mountinfo has no root.', {
      hint: 'Mount /proc; without it the disk of the running system cannot be told from a card.',
    });
  }
  const links = readLinks(source);
  const devices = names.map((name) => readDevice(name, words.get(name) ?? {}, links, source));
  const lookedUp = new Map<string, PathFacts>();
  return {
    devices: new Map(devices.map((device) => [device.name, device])),
    mounts,
    swaps: parseSwaps(source.readText('/proc/swaps') ?? ''),
    pools: readPools(source),
    mountedAnywhere: readMounted(names, source),
    ...given({ rootPath: parseRoot(source.readText('/proc/cmdline') ?? '') }),
    lookUp(path) {
      const found = lookedUp.get(path) ?? lookUp(path, source);
      lookedUp.set(path, found);
      return found;
    },
  };
}

/** One device of lsblk: its column names in small letters. */
type Words = Readonly<Record<string, unknown>>;

/** So long lsblk's words hold for the same disks with the same media in them. What decides is read anew every time. */
const wordsHoldMs = 2000;
let recent: { readonly atMs: number; readonly media: string; readonly words: Promise<Map<string, Words>> } | undefined;

/** lsblk takes longer than all the rest, and a burn looks several times before its first write. */
function wordsNow(source: SystemSource): Promise<Map<string, Words>> {
  const read = async () => readWords(await source.lsblk());
  if (source !== liveSource) return read();
  const media = mediaNow(source);
  const nowMs = performance.now();
  if (recent === undefined || recent.media !== media || nowMs - recent.atMs > wordsHoldMs)
    recent = { atMs: nowMs, media, words: read() };
  return recent.words;
}

/** Every disk by its number, and which medium is in it (`diskseq` counts them, Linux 5.15 or newer). */
const mediaNow = (source: SystemSource): string =>
  source
    .list(classBlock)
    .map((name) => [
      name,
      ...['dev', 'diskseq', 'size'].map((each) => source.readText(`${classBlock}/${name}/${each}`)),
    ])
    .join();

/** The rows of lsblk by kernel name; a device with several parents comes several times, always the same. */
function readWords(json: string | undefined): Map<string, Words> {
  const rows: unknown = json === undefined ? undefined : parseJson(json);
  const list = isRecord(rows) && Array.isArray(rows.blockdevices) ? rows.blockdevices.filter(isRecord) : [];
  return new Map(list.map((row) => [String(row.kname), row]));
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readDevice(
  name: string,
  words: Words,
  links: ReadonlyMap<string, readonly string[]>,
  source: SystemSource,
): BlockDevice {
  const attribute = (path: string) => source.readText(`${classBlock}/${name}/${path}`)?.trim();
  const word = (column: string) => (typeof words[column] === 'string' ? cleanText(words[column]) : '');
  const realPath = source.realPath(`${classBlock}/${name}`) ?? '';
  const slaves = source.list(`${classBlock}/${name}/slaves`);
  const isPartition = attribute('partition') !== undefined;
  const kind = isPartition ? 'partition' : kindOf(name, slaves);
  const transport = transportOf(realPath, kind);
  const onBoard = transport === 'mmc' && kind === 'disk' && isOnBoard(name, attribute('device/type'), source);
  const diskSequence = Number(attribute('diskseq'));
  const serial = word('serial') || cleanText(attribute('device/serial') ?? '');
  const cid = attribute('device/cid');
  // sysfs writes a slash in a name as '!'.
  const path = `/dev/${name.replaceAll('!', '/')}`;
  return {
    name,
    path,
    title: word('name') || name,
    deviceNumber: attribute('dev') ?? '',
    kind,
    slaves,
    holders: source.list(`${classBlock}/${name}/holders`),
    links: links.get(path) ?? [],
    sizeBytes: Number(attribute('size') ?? 0) * sectorBytes,
    readOnly: attribute('ro') === '1',
    removable: attribute('removable') === '1' || (transport === 'mmc' && kind === 'disk' && !onBoard),
    onBoard,
    transport,
    ...(kind === 'disk' ? busPlace(realPath, source) : {}),
    vendor: withoutNumbers(word('vendor')),
    model: withoutNumbers(word('model') || cleanText(attribute('device/name') ?? '')),
    label: word('label'),
    fileSystem: word('fstype'),
    tableKind: word('pttype'),
    ...given({
      parent: isPartition ? basename(dirname(realPath)) : undefined,
      backingFile: backingOf(attribute('loop/backing_file') ?? attribute('backing_dev')),
      diskSequence: diskSequence > 0 ? diskSequence : undefined,
      serial: serial || undefined,
      cid: /^[0-9a-f]{32}$/i.test(cid ?? '') ? cid?.toLowerCase() : undefined,
    }),
  };
}

/** What a loop device reads, or a zram writes to (`none`: memory only). */
const backingOf = (text: string | undefined): string | undefined =>
  text === 'none' ? undefined : text?.replace(/ \(deleted\)$/, '');

function kindOf(name: string, slaves: readonly string[]): BlockDevice['kind'] {
  if (/^loop[0-9]+$/.test(name)) return 'loop';
  if (/^mmcblk[0-9]+(boot[0-9]+|rpmb|gp[0-9]+)$/.test(name) || /^mtdblock/.test(name)) return 'bootArea';
  if (/^(sr|scd)[0-9]+$/.test(name)) return 'optical';
  if (/^z?ram[0-9]+$/.test(name)) return 'memory';
  return slaves.length > 0 || /^(dm-|md|bcache)[0-9]/.test(name) ? 'stacked' : 'disk';
}

/** A card reader on the MMC bus may itself sit on USB; what matters is the bus next to the card. */
function transportOf(realPath: string, kind: BlockDevice['kind']): string {
  if (kind === 'loop') return 'loop';
  if (realPath.includes('/mmc_host/')) return 'mmc';
  if (/\/usb[0-9]+\//.test(realPath)) return 'usb';
  if (/\/nvme(-subsystem)?\//.test(realPath)) return 'nvme';
  if (/\/ata[0-9]+\//.test(realPath)) return 'sata';
  if (/\/virtio[0-9]+\//.test(realPath)) return 'virtio';
  return /\/host[0-9]+\//.test(realPath) ? 'scsi' : '';
}

/** The MMC bus says `SD` for a card and `MMC` for a chip; only a chip has boot areas. */
const isOnBoard = (name: string, type: string | undefined, source: SystemSource): boolean =>
  type !== 'SD' || source.list(classBlock).includes(`${name}boot0`);

/** PCI numbers such as `0x1af4` stand where virtual disks have no vendor. */
const withoutNumbers = (word: string): string => (/^0x[0-9a-f]+$/.test(word) ? '' : word);

/** Links by the device that they lead to. udev keeps their names plain; a name that is not is left out. */
function readLinks(source: SystemSource): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of ['/dev/disk/by-id', '/dev/disk/by-path']) {
    for (const name of [...source.list(folder)].sort().filter((text) => /^[!-~]{1,255}$/.test(text))) {
      const target = source.realPath(`${folder}/${name}`);
      if (target !== undefined) found.set(target, [...(found.get(target) ?? []), `${folder}/${name}`]);
    }
  }
  return found;
}

/** These file systems have a folder for each mounted device, in whatever namespace or below whatever overlay. */
function readMounted(names: readonly string[], source: SystemSource): string[] {
  const found = ['ext4', 'xfs', 'f2fs'].flatMap((kind) => source.list(`/sys/fs/${kind}`));
  return names.filter((name) => found.includes(name));
}

/** Members of every mounted btrfs; `features` and `debug` stand beside them. */
function readPools(source: SystemSource): string[][] {
  const pools = source.list('/sys/fs/btrfs').map((id) => [...source.list(`/sys/fs/btrfs/${id}/devices`)]);
  return pools.filter((pool) => pool.length > 0);
}

function lookUp(path: string, source: SystemSource): PathFacts {
  const entry = source.stat(path);
  const parentKind = source.stat(dirname(resolve(path)))?.kind;
  return {
    realPath: realPathOf(resolve(path), source),
    ...(entry === undefined ? {} : { entry }),
    ...(parentKind === undefined ? {} : { parentKind }),
  };
}

/** The real path of what exists of a path, and the rest as it is. */
function realPathOf(path: string, source: SystemSource): string {
  const found = source.realPath(path);
  if (found !== undefined || path === '/') return found ?? path;
  return resolve(realPathOf(dirname(path), source), basename(path));
}
