// `mount` and `unmount` of a card: what is on it decides where its partitions go.

import { readSystem } from '../../devices/describe.js';
import { type MountedCard, mountCard, type PartitionPlace, unmountCard } from '../../devices/mount.js';
import { failure } from '../../errors.js';
import { inspectHead } from '../../image/allocation/inspect-head.js';
import { headBytes } from '../../image/disk-image.js';
import { openToRead } from './medium.js';
import { viewMedium } from './view.js';

/** @throws PiburnError as `mountCard`; `NO_BOOT_PARTITION`, `NO_ROOT_PARTITION`. */
export async function mountOneCard(target: string, mountpoint: string | undefined): Promise<MountedCard> {
  const facts = await readSystem();
  const medium = openToRead(target);
  try {
    const { how, bootPlace, rootPlace, notes } = await viewMedium(target, medium.kind, medium.read);
    const { entries } = inspectHead(medium.read(0, headBytes));
    const partitionAt = (startBytes: number | undefined): PartitionPlace => {
      const found = entries.find((entry) => entry.startBytes === startBytes);
      if (found !== undefined && found.number > 0) return found;
      const why = notes.map((note) => `; ${note}`).join('');
      throw failure('NO_ROOT_PARTITION', `${target} has no root partition that can be mounted${why}`, {
        hint: 'name the whole card, such as /dev/sda; piburn ls TARGET shows what is on it',
      });
    };
    const root = partitionAt(rootPlace?.startBytes);
    const boot = partitionAt(bootPlace?.startBytes);
    return await mountCard(target, mountpoint, { root, boot, bootMount: how.bootMount }, facts);
  } finally {
    medium.close();
  }
}

/** The folders that were unmounted. @throws PiburnError as `unmountCard`. */
export const unmountOneCard = async (target: string): Promise<readonly string[]> =>
  unmountCard(target, await readSystem());
