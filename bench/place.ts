// Where trials run: temporary directories that go away again, whatever happens in them; in memory where that can be.

import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRoot } from '../test/e2e/support.js';
import { run } from './programs.js';

/** A directory for as long as `action` takes, in another one or in the system's place for such. */
export async function withDirectory<T>(action: (directory: string) => Promise<T>, place = tmpdir()): Promise<T> {
  const directory = realpathSync(mkdtempSync(join(place, 'piburn-bench-')));
  try {
    return await action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The same in a file system in memory of its own; only root may make one, others have what there is. */
export async function withMemory<T>(action: (directory: string, kind: string) => Promise<T>): Promise<T> {
  if (!isRoot) return await withDirectory((directory) => action(directory, `files in ${tmpdir()}`));
  return await withDirectory(async (directory) => {
    const mount = ['-t', 'tmpfs', '-o', 'size=100%,mode=700', 'piburn-bench', directory];
    await run(['mount', ...mount], { cleansUp: true });
    try {
      return await action(directory, 'tmpfs');
    } finally {
      await unmount(directory);
    }
  });
}

const triesMax = 50;

/** Somebody who looks at a new loop device (udev) holds its file for a moment after it was detached. */
async function unmount(directory: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await run(['umount', directory], { cleansUp: true });
      return;
    } catch (error) {
      if (tries === triesMax) throw error;
      await sleep(100);
    }
  }
}

/** What may still be used without swapping (proc_meminfo(5)). */
export function availableBytes(): number {
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
}
