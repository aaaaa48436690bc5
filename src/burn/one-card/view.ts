// The volumes of a card as they are: found on a medium or in the folder where it is mounted, with what they say of the
// system on them.

import { lstatSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BootPlace, findBootPlace } from '../../customise/boot-volume.js';
import { type DetectedFlavour, detectFlavour } from '../../customise/detect.js';
import { readOsRelease } from '../../customise/ext/os-release.js';
import { ExtVolume } from '../../customise/ext/volume.js';
import { FatVolume } from '../../customise/fat/volume.js';
import type { RootSigns } from '../../customise/image-signs.js';
import { Overlay, type ReadImage } from '../../customise/overlay.js';
import { folderView } from '../../customise/read-back/folder-view.js';
import { asUnmounted, extView, fatView, textIn, type VolumeView } from '../../customise/read-back/view.js';
import { findRootPlace } from '../../customise/root/root-place.js';
import { failure, PiburnError } from '../../errors.js';
import { given } from '../../given.js';
import { inspectHead } from '../../image/allocation/inspect-head.js';
import { headBytes } from '../../image/disk-image.js';
import { openToRead } from './medium.js';

export interface CardView {
  readonly target: string;
  readonly kind: 'block' | 'file' | 'folder';
  readonly boot: VolumeView;
  readonly root?: VolumeView;
  readonly how: DetectedFlavour;
  /** What a person should know of how this was read. */
  readonly notes: readonly string[];
  /** Where the boot partition lies: of a medium only. */
  readonly bootPlace?: BootPlace;
  readonly rootPlace?: BootPlace;
  /** Where the boot files are: of a folder only. */
  readonly bootFolder?: string;
}

/** Opens what a person named, calls `work` with it, and closes it again. */
export async function withCard<T>(target: string, work: (card: CardView) => T | Promise<T>): Promise<T> {
  if (isFolder(target)) return await work(viewFolder(target));
  const medium = openToRead(target);
  try {
    return await work(await viewMedium(target, medium.kind, medium.read));
  } finally {
    medium.close();
  }
}

export const isFolder = (target: string): boolean =>
  statSync(target, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** @throws PiburnError `NO_BOOT_PARTITION`, and what the FAT reader throws. */
export async function viewMedium(target: string, kind: 'block' | 'file', medium: ReadImage): Promise<CardView> {
  const bootPlace = await findBoot(target, medium);
  const { startBytes, sizeBytes } = bootPlace;
  const { read, dirty } = asUnmounted(medium, startBytes, sizeBytes);
  const boot = fatView(FatVolume.open(new Overlay(read), startBytes, sizeBytes));
  const { root, rootPlace, notes } = await findRoot(medium);
  return {
    target,
    kind,
    boot,
    ...given({ root, rootPlace }),
    how: detect(boot, root, sizeBytes),
    notes: [
      ...(dirty ? ['its boot partition was not unmounted: what was written to it last may be missing'] : []),
      ...notes,
    ],
    bootPlace,
  };
}

async function findBoot(target: string, read: ReadImage): Promise<BootPlace> {
  try {
    return await findBootPlace(read, async () => undefined);
  } catch (error) {
    if (!(error instanceof PiburnError) || error.failure.code !== 'NO_BOOT_PARTITION') throw error;
    throw failure('NO_BOOT_PARTITION', `${target} has no FAT boot partition: it is no card of a Raspberry Pi`, {
      hint: 'name the whole card, such as /dev/sda and not a partition of it, or burn it with piburn create',
    });
  }
}

/** A root that cannot be read is no reason to be silent about the rest. */
async function findRoot(read: ReadImage): Promise<{ root?: VolumeView; rootPlace?: BootPlace; notes: string[] }> {
  try {
    const rootPlace = await findRootPlace(read, async () => undefined).catch(() => firstExt(read));
    const volume = ExtVolume.open(read, rootPlace.startBytes, rootPlace.sizeBytes);
    if (volume === undefined) return { notes: [] };
    const notes = volume.needsRecovery
      ? ['its root was not unmounted: what was written to it last may be missing']
      : [];
    return { root: extView(volume), rootPlace, notes };
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    return { notes: [`its root is not looked at: ${error.failure.message}`] };
  }
}

/** @throws PiburnError `NO_ROOT_PARTITION`. */
function firstExt(read: ReadImage): BootPlace {
  for (const { startBytes, sizeBytes } of inspectHead(read(0, headBytes)).entries) {
    if (ExtVolume.open(read, startBytes, sizeBytes)?.exists('/etc') === true) return { startBytes, sizeBytes };
  }
  throw failure('NO_ROOT_PARTITION', 'there is no ext file system with a system on it');
}

/** A card's folder is that of its root, with the boot partition below it, or that of its boot partition alone. */
export function viewFolder(target: string): CardView {
  const folder = realpathSync(target);
  const bootFolder = bootFolderIn(folder);
  if (bootFolder === undefined) {
    throw failure(
      'NOT_A_CARD',
      `${target} is no folder where a card is mounted: it has neither cmdline.txt nor boot/`,
      {
        hint: 'name the folder of the boot partition (with cmdline.txt), or that of the root with the boot partition below it',
      },
    );
  }
  const label = bootFolder === folder ? basename(folder) : undefined;
  const boot = folderView(bootFolder, label);
  const root = bootFolder === folder ? undefined : folderView(folder);
  const { blocks, bsize } = statfsSync(bootFolder);
  const how = detect(boot, root, blocks * bsize);
  return { target, kind: 'folder', boot, ...given({ root }), how, notes: [], bootFolder };
}

const bootSigns = ['cmdline.txt', 'config.txt', 'user-data', 'current/cmdline.txt'];

function bootFolderIn(folder: string): string | undefined {
  const isBoot = (path: string) =>
    bootSigns.some((sign) => statSync(join(path, sign), { throwIfNoEntry: false })?.isFile());
  // A link among them would lead out of the card.
  const isReal = (parts: readonly string[]) =>
    parts.every((_, index) =>
      lstatSync(join(folder, ...parts.slice(0, index + 1)), { throwIfNoEntry: false })?.isDirectory(),
    );
  const parts = [['boot', 'firmware'], ['boot'], []].find((each) => isReal(each) && isBoot(join(folder, ...each)));
  return parts && join(folder, ...parts);
}

function detect(boot: VolumeView, root: VolumeView | undefined, bootPartitionBytes: number): DetectedFlavour {
  return detectFlavour({
    ...given({ label: boot.label, root: root && signsIn(root) }),
    read: (path) => textIn(boot, path),
    exists: (path) => boot.exists(path),
    bootPartitionBytes,
  });
}

const preseedUnits = ['/usr/lib/systemd/system/rpi-preseed.service', '/lib/systemd/system/rpi-preseed.service'];

function signsIn(root: VolumeView): RootSigns | undefined {
  const release = readOsRelease({ readFile: (path) => root.readFile(path) });
  if (release === undefined) return undefined;
  const { id, prettyName, codename } = release;
  return { ...given({ id, prettyName, codename }), hasPreseed: preseedUnits.some((path) => root.exists(path)) };
}
