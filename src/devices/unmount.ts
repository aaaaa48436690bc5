// Takes file systems out of use before their card is overwritten, by the system's own umount.

import { failure } from '../errors.js';
import { run } from '../exec.js';

/** What was not written yet goes onto the card first, which may be slow. */
const timeoutMs = 300_000;

/**
 * Unmounts all mount points, those below others first. Stops at the first that fails, with `UNMOUNT_FAILED` and
 * umount's own words.
 */
export async function unmountAll(mountpoints: readonly string[]): Promise<void> {
  const deepestFirst = [...mountpoints].sort((a, b) => b.length - a.length);
  for (const mountpoint of deepestFirst) {
    const result = await run('umount', ['--', mountpoint], { timeoutMs });
    if (result?.exitCode === 0) continue;
    const words = result === undefined ? 'there is no umount program' : result.stderr.trim().split('\n')[0];
    throw failure('UNMOUNT_FAILED', `Cannot unmount ${mountpoint}: ${words || 'umount gave no reason'}.`, {
      hint: `Close the programs that use it; 'fuser --verbose --mount ${mountpoint}' names them.`,
    });
  }
}
