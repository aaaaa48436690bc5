// Slows block devices down to the speed of cards, for the programs of one trial: the blkio controller of cgroup v1
// (Linux, Documentation/admin-guide/cgroup-v1/blkio-controller.rst). Only what goes past the page cache is slowed.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../src/errors.js';
import { isRoot } from '../test/e2e/support.js';
import type { Command } from './programs.js';

const controller = '/sys/fs/cgroup/blkio';
const limits = { write: 'blkio.throttle.write_bps_device', read: 'blkio.throttle.read_bps_device' } as const;

/** Bytes in a second, of each device. */
export type Speeds = Readonly<Record<keyof typeof limits, number>>;

export const canThrottle = isRoot && existsSync(join(controller, limits.write));

/** `slowed` makes a command that runs as the given one does, with these devices slow for it and what it starts. */
export async function withSlowDevices<T>(
  devices: readonly string[],
  speeds: Speeds,
  action: (slowed: (command: Command) => Command) => Promise<T>,
): Promise<T> {
  const group = join(controller, `piburn-bench-${process.pid}`);
  mkdirSync(group);
  try {
    for (const device of devices) {
      const number = readFileSync(`/sys/class/block/${basename(device)}/dev`, 'utf8').trim();
      for (const way of ['write', 'read'] as const)
        writeFileSync(join(group, limits[way]), `${number} ${Math.round(speeds[way])}`);
    }
    const enter = 'echo $$ >"$0" && exec "$@"';
    return await action((command) => ['sh', '-c', enter, join(group, 'cgroup.procs'), ...command]);
  } finally {
    await removeGroup(group);
  }
}

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
