// Every reason not to change a card where it is: those of a burn, except the size; and it must not be mounted, since what
// mounts it would not see the change, or undo it.

import { realpathSync } from 'node:fs';
import { readSystem, type SystemFacts } from '../../devices/describe.js';
import { deviceAt, devicesOfMount, mountOf } from '../../devices/facts.js';
import { refusals } from '../../devices/refuse.js';
import { mountpointsOf } from '../../devices/refuse-disk.js';
import { systemUses } from '../../devices/system-disk.js';
import { identityOf } from '../../devices/targets.js';
import { type PiburnError, refusal } from '../../errors.js';
import type { DeviceInfo } from '../../native.js';

/**
 * Looks at a device or file. Returns a check to be made when it has been opened: is it still the same?
 * @throws PiburnError (refused).
 */
export async function refuseTarget(target: string, allowFixed: boolean): Promise<(info: DeviceInfo) => void> {
  const facts = await readSystem();
  const [first] = refusals([target], facts, { protectedPaths: [], allowFixed, allowLarge: true, unmount: true });
  const problem = first ?? mounted(target, facts) ?? attached(target, facts);
  if (problem !== undefined) throw problem;
  const shown = identityOf(target, facts);
  return (now) => {
    const same = (one: unknown, other: unknown) => one === undefined || other === undefined || one === other;
    if (same(shown.deviceNumber, now.deviceNumber) && same(shown.diskSequence, now.diskSequence)) return;
    throw refusal('TARGET_CHANGED', `${target} is not the card any more that was there a moment ago`, {
      device: target,
      hint: 'check which card is in the slot and start again',
    });
  };
}

function mounted(target: string, facts: SystemFacts): PiburnError | undefined {
  const device = deviceAt(target, facts);
  const places = device === undefined ? [] : mountpointsOf(device, facts);
  if (places.length === 0) return undefined;
  return refusal('MOUNTED', `${target} is mounted at ${places.join(', ')}`, {
    device: target,
    hint: `name that folder instead of the device, or unmount it first: piburn unmount ${target}`,
  });
}

/** A file that is a loop device's may be mounted through it. */
function attached(target: string, facts: SystemFacts): PiburnError | undefined {
  const { entry } = facts.lookUp(target);
  if (entry?.kind !== 'file') return undefined;
  const isIt = (file: string | undefined) => file !== undefined && facts.lookUp(file).entry?.fileId === entry.fileId;
  const loop = [...facts.devices.values()].find(({ backingFile }) => isIt(backingFile));
  if (loop === undefined) return undefined;
  return refusal('CARD_IN_USE', `${target} is attached to ${loop.path}`, {
    device: target,
    hint: `unmount it (piburn unmount ${target}) or detach it (losetup --detach ${loop.path}) first`,
  });
}

/** A folder is refused when the running system itself is mounted there. @throws PiburnError (refused). */
export async function refuseFolder(target: string): Promise<void> {
  const facts = await readSystem();
  const folder = realpathSync(target);
  const mount = mountOf(folder, facts);
  const isSystem = systemUses([], facts).some(
    ({ kind, names }) =>
      kind === 'system' && mount !== undefined && devicesOfMount(mount, facts).some((name) => names.has(name)),
  );
  const isWhole =
    folder === '/' || (mount?.mountpoint === folder && isSystem) || ['/boot', '/boot/firmware'].includes(folder);
  if (!isWhole) return;
  throw refusal('SYSTEM_DISK', `${target} belongs to the running system and is never changed`, {
    device: target,
    hint: 'name the folder where a card is mounted; no option lifts this',
  });
}
