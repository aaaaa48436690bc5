// The reasons not to write to a path that is no block device: a file standing in for a card, or a mistake.

import { type PiburnError, refusal } from '../errors.js';
import { formatBytes } from '../size-text.js';
import { isInside, modelName, type PathFacts, type SystemFacts } from './facts.js';
import { fileInUse } from './in-use.js';
import { candidates, type RefusalOptions } from './refuse-disk.js';

const shownCandidates = 8;

/** Every reason not to write to a path that leads to no known block device. */
export function fileRefusals(path: string, facts: SystemFacts, options: RefusalOptions): PiburnError[] {
  const found = facts.lookUp(path);
  const problem =
    wrongKind(path, found) ??
    systemFile(path, found) ??
    (found.entry === undefined ? nothingThere(path, found, facts, options) : neededFile(path, found, facts, options)) ??
    fileInUse(path, path, facts) ??
    tooSmall(path, found, options);
  return problem === undefined ? [] : [problem];
}

/** Files in /dev/shm are as good as any; everything else in /dev is, or should be, a device. */
export const isDevicePath = (realPath: string): boolean =>
  isInside(realPath, '/dev') && !isInside(realPath, '/dev/shm');

function wrongKind(path: string, { entry, realPath }: PathFacts): PiburnError | undefined {
  if (entry === undefined) return undefined;
  if (entry.kind === 'block') {
    return refusal('UNKNOWN_DEVICE', `${path} is a device (${entry.deviceNumber}) that the kernel does not list.`, {
      device: path,
      hint: 'It may have been pulled; plug it in again.',
    });
  }
  const words = { character: 'a character device', directory: 'a directory', other: 'a pipe or a socket' };
  if (entry.kind === 'file' && !isDevicePath(realPath)) return undefined;
  // What `dd of=/dev/sdx` leaves behind when there is no such device: a file in memory.
  const what = entry.kind === 'file' ? 'an ordinary file among the devices' : words[entry.kind];
  return refusal('NOT_A_TARGET', `${path} is ${what}, not a disk.`, {
    device: path,
    hint: entry.kind === 'file' ? `Remove it: rm ${path}` : 'Give a disk such as /dev/sda, or a file such as card.img.',
  });
}

/** Where only the system keeps files; those of proc and sysfs look like ordinary ones. */
const systemFolders = ['/bin', '/boot', '/efi', '/etc', '/lib', '/lib64', '/proc', '/sbin', '/sys', '/usr'];

function systemFile(path: string, { realPath }: PathFacts): PiburnError | undefined {
  const folder = systemFolders.find((each) => isInside(realPath, each) && !isInside(realPath, '/usr/local'));
  if (folder === undefined) return undefined;
  return refusal('NOT_A_TARGET', `${path} is in ${folder}, among the files of the system.`, {
    device: path,
    hint: 'Choose another place for the file.',
  });
}

function nothingThere(path: string, found: PathFacts, facts: SystemFacts, options: RefusalOptions) {
  if (isDevicePath(found.realPath)) {
    const { imageBytes: _, ...anyImage } = options;
    const disks = candidates(facts, anyImage).slice(0, shownCandidates);
    const names = disks.map(
      (disk) => `${disk.path} (${[modelName(disk), formatBytes(disk.sizeBytes)].join(' ').trim()})`,
    );
    return refusal('NO_DEVICE', `There is no device ${path}.`, {
      device: path,
      hint:
        names.length > 0
          ? `Devices that would do: ${names.join(', ')}`
          : 'Plug in a card reader with a card; none is there.',
    });
  }
  // A directory that is missing is made when the burn begins.
  if (found.parentKind === 'directory' || found.parentKind === undefined) return undefined;
  return refusal('NO_DIRECTORY', `Cannot make ${path}: what it should be in is no directory.`, {
    device: path,
    hint: 'Choose another place.',
  });
}

function neededFile(path: string, found: PathFacts, facts: SystemFacts, options: RefusalOptions) {
  const needed = [options.imagePath ?? [], options.protectedPaths].flat();
  const same = needed.find((other) => facts.lookUp(other).entry?.fileId === found.entry?.fileId);
  if (same === undefined) return undefined;
  return refusal('TARGET_IS_IMAGE', `${path} is ${same} itself, which this run reads.`, {
    device: path,
    hint: 'Choose another file.',
  });
}

/** An empty file grows to the size of the image, just as one that is made for it. */
function tooSmall(path: string, found: PathFacts, options: RefusalOptions): PiburnError | undefined {
  const sizeBytes = options.fileBytes ?? found.entry?.sizeBytes ?? 0;
  if (options.imageBytes === undefined || sizeBytes === 0 || sizeBytes >= options.imageBytes) return undefined;
  const sizes = `${formatBytes(sizeBytes)}, and the image needs ${formatBytes(options.imageBytes)}`;
  return refusal('TOO_SMALL', `${path} is too small: it has ${sizes}.`, {
    device: path,
    hint: 'Give a larger --size, or remove the file.',
  });
}
