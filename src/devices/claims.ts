// One run at a time for each disk: two piburns whose questions were answered one after the other would burn the same card
// twice. A claim is a lock on a file for the device number, which ends with the process at the latest.

import { type PiburnError, refusal } from '../errors.js';
import { type FileLock, lockFile } from '../native.js';
import type { TargetIdentity } from '../protocol.js';

const directory = '/run/lock';

/**
 * Claims the disks among the targets; returns a function that gives them back.
 * @throws PiburnError `TARGET_CLAIMED`.
 */
export function claimDisks(targets: readonly TargetIdentity[]): () => void {
  const locks: FileLock[] = [];
  const release = () => {
    for (const lock of locks) lock.close();
  };
  for (const { deviceNumber, path } of targets) {
    if (deviceNumber === undefined) continue;
    const lock = tryLock(`${directory}/piburn-${deviceNumber.replace(':', '-')}`);
    if (lock === 'busy') {
      release();
      throw claimed(path);
    }
    if (lock !== undefined) locks.push(lock);
  }
  return release;
}

/** Undefined where no such file can be made: the disk is still opened exclusively while it is written. */
function tryLock(path: string): FileLock | 'busy' | undefined {
  try {
    return lockFile(path, 'exclusive') ?? 'busy';
  } catch {
    return undefined;
  }
}

const claimed = (path: string): PiburnError =>
  refusal('TARGET_CLAIMED', `another piburn has a run with ${path}`, {
    device: path,
    hint: 'wait for its end, or choose other targets',
  });
