// Slows block devices down to the speed of cards, for the programs of one trial: the blkio controller of cgroup v1
// (Linux, Documentation/admin-guide/cgroup-v1/blkio-controller.rst). Only what goes past the page cache is slowed in the
// programs' own group; what the kernel writes back for them counts as the root group's, which is slowed alike.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../src/errors.js';
import { isRoot } from '../test/e2e/support.js';
import type { Command } from './programs.js';

const controller = '/sys/fs/cgroup/blkio';
const limits = { write: 'blkio.throttle.write_bps_device', read: 'blkio.throttle.read_bps_device' } as const;
const ways = ['write', 'read'] as const;

/** Bytes in a second, of each device. */
export type Speeds = Readonly<Record<keyof typeof limits, number>>;

export const canThrottle = isRoot && existsSync(join(controller, limits.write));

/** `slowed` makes a command that runs as the given one does, with these devices slow for it and what it starts. */
export async function withSlowDevices<T>(
  devices: readonly string[],
  speedsOf: (index: number) => Speeds,
  action: (slowed: (command: Command) => Command) => Promise<T>,
): Promise<T> {
  const group = join(controller, `piburn-bench-${process.pid}`);
  const numbers = devices.map((device) => readFileSync(`/sys/class/block/${basename(device)}/dev`, 'utf8').trim());
  const limit = (place: string, index: number, speeds: Speeds) => {
    for (const way of ways) writeFileSync(join(place, limits[way]), `${numbers[index]} ${Math.round(speeds[way])}`);
  };
  const places = [group, controller];
  mkdirSync(group);
  try {
    for (const place of places) for (const index of numbers.keys()) limit(place, index, speedsOf(index));
    const enter = 'echo $$ >"$0" && exec "$@"';
    return await action((command) => ['sh', '-c', enter, join(group, 'cgroup.procs'), ...command]);
  } finally {
    // A device of the same number that comes later would be slow too.
    for (const place of places) for (const index of numbers.keys()) limit(place, index, unlimited);
    await removeGroup(group);
  }
}

/** Zero takes a limit away. */
const unlimited: Speeds = { write: 0, read: 0 };

const triesMax = 100;

/** A group can be removed when its last process is gone, which may take a moment after its end. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return rmdirSync(group);
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' || tries === triesMax) throw error;
      await sleep(50);
    }
  }
}
