// Every reason not to write to the targets of a run. Refusing is the default; what is not refused here was looked
// at by every rule.

import { type PiburnError, refusal } from '../errors.js';
import { deviceAt, devicesOfMount, everythingUnder, mountOf, type SystemFacts } from './facts.js';
import { diskRefusals, type RefusalOptions } from './refuse-disk.js';
import { fileRefusals } from './refuse-file.js';

export type { RefusalOptions } from './refuse-disk.js';

/** Every reason not to write to these targets, in their order; none means that all of them may be written. */
export function refusals(paths: readonly string[], facts: SystemFacts, options: RefusalOptions): PiburnError[] {
  return paths.flatMap((path, index) => {
    const device = deviceAt(path, facts);
    const reasons =
      device === undefined ? fileRefusals(path, facts, options) : diskRefusals(path, device, facts, options);
    return [...reasons, ...(sameMedium(path, paths.slice(0, index), facts) ?? onOther(path, paths, facts) ?? [])];
  });
}

/** The same target twice, under whatever names. */
function sameMedium(path: string, before: readonly string[], facts: SystemFacts): PiburnError[] | undefined {
  const twin = before.find((other) => mediumOf(other, facts) === mediumOf(path, facts));
  if (twin === undefined) return undefined;
  const names = twin === path ? `${path} was given twice` : `${path} is ${twin} again`;
  const details = { device: path, hint: 'Give every target once; for more nodes than slots the cards are swapped.' };
  return [refusal('SAME_TARGET', `${names}: one card cannot be burned twice at once.`, details)];
}

/** A file, or a loop device over a file, on a disk that is a target too. */
function onOther(path: string, paths: readonly string[], facts: SystemFacts): PiburnError[] | undefined {
  const ground = groundOf(path, facts);
  const other = paths.find((candidate) => ground.has(deviceAt(candidate, facts)?.name ?? ''));
  if (other === undefined) return undefined;
  const details = { device: path, hint: 'Choose one of them.' };
  return [refusal('TARGET_ON_TARGET', `${path} lies on ${other}, which is to be overwritten too.`, details)];
}

/** The same text for the same medium: a device by its number, a file by its inode, a loop device by its file. */
function mediumOf(path: string, facts: SystemFacts): string {
  const device = deviceAt(path, facts);
  if (device !== undefined && device.backingFile === undefined) return `device ${device.deviceNumber}`;
  const { entry, realPath } = facts.lookUp(device?.backingFile ?? path);
  return entry === undefined ? `path ${realPath}` : `file ${entry.fileId}`;
}

/** Names of the devices under the file system that a file, or the file of a loop device, lies on. */
function groundOf(path: string, facts: SystemFacts): ReadonlySet<string> {
  const device = deviceAt(path, facts);
  const file = device === undefined ? path : device.backingFile;
  const mount = file === undefined ? undefined : mountOf(file, facts);
  return everythingUnder(mount === undefined ? [] : devicesOfMount(mount, facts), facts);
}
