// The boot partition of an image: where it is, which flavour of settings it takes, and what it must hold for a node.

import { readSync } from 'node:fs';
import { failure, type PiburnError } from '../errors.js';
import { given } from '../given.js';
import { parseFat } from '../image/allocation/fat.js';
import { inspectHead } from '../image/allocation/inspect-head.js';
import { headBytes } from '../image/disk-image.js';
import type { ExtraFile, Flavour, Node, PatchBlock, PlannedFile } from '../protocol.js';
import { type DetectedFlavour, detectFlavour, type InitFormat } from './detect.js';
import { findLostFile, writeExtraFiles } from './extra-files.js';
import { FatVolume } from './fat/volume.js';
import { type BootFile, type BootFiles, flavours } from './flavours/index.js';
import { Overlay, type ReadImage } from './overlay.js';
import { readRootSigns } from './root-signs.js';

/** Where the boot partition lies in the image. */
export interface BootPlace {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Reads exactly what is asked for, or less at the end of the image. */
export function imageReader(descriptor: number): ReadImage {
  return (offsetBytes, lengthBytes) => {
    const bytes = Buffer.alloc(lengthBytes);
    const got = readSync(descriptor, bytes, 0, lengthBytes, offsetBytes);
    return bytes.subarray(0, got);
  };
}

/**
 * Finds the boot partition: the first that holds a FAT file system. `exists` resolves when the image has come that far.
 * @throws PiburnError `NO_BOOT_PARTITION`.
 */
export async function findBootPlace(read: ReadImage, exists: (endBytes: number) => Promise<void>): Promise<BootPlace> {
  await exists(headBytes);
  for (const entry of inspectHead(read(0, headBytes)).entries) {
    await exists(entry.startBytes + headBytes);
    if (parseFat(read(entry.startBytes, 512)) === undefined) continue;
    await exists(entry.startBytes + entry.sizeBytes);
    return entry;
  }
  throw noBootPartition();
}

const noBootPartition = (): PiburnError =>
  failure('NO_BOOT_PARTITION', 'the image has no FAT boot partition, so no settings can be put on it', {
    hint: 'burn it as it is: piburn burn IMAGE DEVICE',
  });

/** What else may be known of an image when its flavour is chosen. */
export interface FlavourHints {
  /** How the list of operating systems says that it takes its settings. */
  readonly initFormat?: InitFormat;
  /** The image is there up to its end, so that its root partition can be looked at (default false). */
  readonly whole?: boolean;
}

/** How the image takes its settings: what was asked for, else what its files tell. */
export function chooseFlavour(
  read: ReadImage,
  place: BootPlace,
  wish: Flavour | undefined,
  { initFormat, whole = false }: FlavourHints = {},
): DetectedFlavour {
  const volume = FatVolume.open(new Overlay(read), place.startBytes, place.sizeBytes);
  const detected = detectFlavour({
    ...given({
      label: volume.label,
      initFormat,
      root: whole ? readRootSigns(read, inspectHead(read(0, headBytes)).entries) : undefined,
    }),
    read: (path) => textOf(volume, path),
    exists: (path) => volume.exists(path),
    bootPartitionBytes: place.sizeBytes,
  });
  if (wish === undefined) return detected;
  return { ...detected, flavour: wish, bootMount: mounts[wish] ?? detected.bootMount, reason: '--flavour says so' };
}

/** Where a flavour's systems mount the boot partition, as far as all of them do alike. */
const mounts: Partial<Record<Flavour, DetectedFlavour['bootMount']>> = {
  cloudinit: '/boot/firmware',
  ubuntu: '/boot/firmware',
  legacy: '/boot',
};

function textOf(volume: FatVolume, path: string): string | undefined {
  const bytes = volume.readFile(path);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

/** The texts of files on the boot partition of a card or image, those that exist. */
export async function readBootFiles(read: ReadImage, paths: readonly string[]): Promise<PlannedFile[]> {
  const place = await findBootPlace(read, async () => undefined);
  const volume = FatVolume.open(new Overlay(read), place.startBytes, place.sizeBytes);
  return paths.flatMap((path) => {
    const text = textOf(volume, path);
    return text === undefined ? [] : [{ path, text }];
  });
}

/** What makes the image this node's. */
export interface Customisation {
  readonly patch: readonly PatchBlock[];
  /** The files, fit to be shown: secrets are replaced. */
  readonly files: readonly PlannedFile[];
}

/**
 * Puts a node's files onto an overlay over the boot partition and reads them back from it.
 * @throws PiburnError as the flavour and the FAT editor do; `CUSTOMISE_SELFCHECK`.
 */
export function customise(
  read: ReadImage,
  place: BootPlace,
  how: DetectedFlavour,
  node: Node,
  burnId: string,
  now: Date,
): Customisation {
  const overlay = new Overlay(read);
  const volume = FatVolume.open(overlay, place.startBytes, place.sizeBytes);
  const extra = node.files ?? [];
  const files = flavours[how.flavour].files({ node, boot: bootFilesOf(volume), burnId, bootMount: how.bootMount });
  for (const file of files) volume.writeFile(file.path, Buffer.from(file.text), now);
  writeExtraFiles(volume, extra, now);
  const patch = overlay.patch();
  checkPatch(read, patch, place, files, extra);
  return { patch, files: [...files.map(redacted), ...extra.map(described)] };
}

/** Ubuntu keeps the kernel's command line with the kernel in `current` since 25.10. */
const cmdlinePaths = ['current/cmdline.txt', 'cmdline.txt'];

function bootFilesOf(volume: FatVolume): BootFiles {
  const cmdlinePath = cmdlinePaths.find((path) => volume.exists(path));
  const cmdline = cmdlinePath === undefined ? '' : (textOf(volume, cmdlinePath) ?? '');
  return { cmdline, ...given({ cmdlinePath, userData: textOf(volume, 'user-data') }) };
}

/** A fresh look at the patched volume, as the Pi will see it. */
function checkPatch(
  read: ReadImage,
  patch: readonly PatchBlock[],
  place: BootPlace,
  files: readonly BootFile[],
  extra: readonly ExtraFile[],
): void {
  const patched = new Overlay(read);
  for (const block of patch) patched.write(block.offsetBytes, block.bytes);
  const volume = FatVolume.open(patched, place.startBytes, place.sizeBytes);
  const lost = files.find((file) => textOf(volume, file.path) !== file.text) ?? findLostFile(volume, extra);
  if (lost === undefined) return;
  throw failure('CUSTOMISE_SELFCHECK', `${lost.path} did not come out as it was meant`, {
    hint: 'this is a defect of piburn: please report it with the name of the image',
  });
}

function redacted({ path, text, secrets }: BootFile): PlannedFile {
  return { path, text: secrets.reduce((shown, secret) => shown.replaceAll(secret, '(secret)'), text) };
}

/** What is in them is the owner's own, and may be secret. */
const described = ({ path, bytes }: ExtraFile): PlannedFile => ({ path, text: `(${bytes.length} bytes, as given)` });
