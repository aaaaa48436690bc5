// Says when disks or cards may have come or gone: udev's events where udev runs, and a look at sysfs once a second.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { follow } from '../exec.js';
import { liveSource, type SystemSource } from './system-source.js';
import type { Trigger } from './watch.js';

const pollMs = 1000;

export interface EventOptions {
  /**
   * Readers whose medium is looked at before each poll, for callers who may open them. Many kernels do not look by
   * themselves (/sys/module/block/parameters/events_dfl_poll_msecs is 0), and then a new card shows only like this.
   */
  readonly readers?: () => readonly string[];
  readonly source?: SystemSource;
  readonly pollMs?: number;
}

/**
 * The trigger for `watchDisks`. The poll goes on beside udev, since udev may die, or run in another container; what udev
 * tells comes sooner, and once labels and links are known.
 */
export function diskEvents({ readers, source = liveSource, pollMs: everyMs = pollMs }: EventOptions = {}): Trigger {
  return (tell) => {
    const stops = [poll(tell, source, everyMs, readers ?? (() => []))];
    if (source.stat('/run/udev/control') !== undefined) stops.push(followUdev(tell));
    return () => {
      for (const stop of stops) stop();
    };
  };
}

function followUdev(tell: () => void): () => void {
  const program = follow('udevadm', ['monitor', '--udev', '--subsystem-match=block']);
  const listen = async () => {
    for await (const line of program.lines) if (/^UDEV +\[/.test(line)) tell();
  };
  // The poll goes on when udevadm fails.
  listen().catch(() => undefined);
  return () => program.kill();
}

function poll(tell: () => void, source: SystemSource, everyMs: number, readers: () => readonly string[]): () => void {
  let before = signature(source);
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const wait = () => {
    timer = setTimeout(() => void step(), everyMs);
  };
  const step = async () => {
    await Promise.all(readers().map(lookAtMedium));
    if (isStopped) return;
    const after = signature(source);
    if (after !== before) tell();
    before = after;
    wait();
  };
  wait();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** What changes in sysfs with a disk or a medium. */
function signature(source: SystemSource): string {
  const folder = '/sys/class/block';
  const names = [...source.list(folder)].filter((name) => !/^(loop|z?ram)[0-9]+$/.test(name)).sort();
  const read = (path: string) => source.readText(`${folder}/${path}`)?.trim() ?? '';
  return names
    .map((name) => [name, read(`${name}/size`), read(`${name}/diskseq`), read(`${name}/ro`)].join(' '))
    .join();
}

/** A reader that does not answer is not waited for any longer, and not asked again before it has. */
const lookLimitMs = 2000;
const looking = new Map<string, Promise<void>>();

/** Opens a reader and closes it at once: so the kernel looks whether its medium is another one. Errors are no matter. */
export async function lookAtMedium(path: string): Promise<void> {
  if (looking.has(path)) return;
  const look = openAndClose(path).finally(() => looking.delete(path));
  looking.set(path, look);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lookLimitMs);
  });
  await Promise.race([look, limit]);
  clearTimeout(timer);
}

async function openAndClose(path: string): Promise<void> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await file.close();
  } catch {
    // No medium, no right, or no reader any more.
  }
}
