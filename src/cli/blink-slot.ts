// Makes the light of a reader flicker, so that a person finds it: reads in bursts, with pauses between them. Only reads.

import type { DiskSight } from '../devices/rows.js';
import { failure, type PiburnError, refusal } from '../errors.js';
import { type Device, isSystemError, openDevice } from '../native.js';
import { diskName } from '../report/disk-words.js';
import type { DiskWorld } from './see-disks.js';
import type { Terminal } from './terminal.js';

const requestBytes = 256 * 1024;
/** Some readers answer the same place from a cache, without a light. */
const spanBytes = 256 * 1024 * 1024;
const burstMs = 300;
const pauseMs = 300;

/** Ends after the time or at Ctrl-C. @throws PiburnError `NO_MEDIUM`, `NO_RIGHTS`, `CARD_UNREADABLE`. */
export async function blinkSlot(
  disk: DiskSight,
  durationMs: number,
  terminal: Terminal,
  world: DiskWorld,
): Promise<void> {
  const name = diskName(disk);
  if (!disk.hasMedium)
    throw refusal('NO_MEDIUM', `${name} is empty, and a reader without a card cannot flicker`, {
      device: disk.path,
      hint: 'put any card in: it is only read',
    });
  let isOver = false;
  const forget = terminal.onInterrupt(() => {
    isOver = true;
  });
  const device = attempt(disk.path, () => openDevice(disk.path, { write: false, bufferBytes: requestBytes }));
  terminal.say(`${name} flickers for ${durationMs / 1000} s, until Ctrl-C.`);
  try {
    let atBytes = 0;
    const endsMs = performance.now() + durationMs;
    while (!isOver && performance.now() < endsMs) {
      atBytes = attempt(disk.path, () => burst(device, atBytes));
      await world.pause(pauseMs);
    }
  } finally {
    forget();
    device.close();
  }
}

/** Reads for a while; returns where to go on. */
function burst(device: Device, startBytes: number): number {
  const endBytes = Math.min(spanBytes, device.info.sizeBytes);
  const stopMs = performance.now() + burstMs;
  let atBytes = startBytes;
  do {
    if (atBytes + requestBytes > endBytes) atBytes = 0;
    device.read(atBytes, Math.min(requestBytes, endBytes), requestBytes);
    atBytes += requestBytes;
  } while (performance.now() < stopMs);
  return atBytes;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSystemError(error) ? explained(path, error.code, error) : error;
  }
}

function explained(path: string, code: string, cause: unknown): PiburnError {
  if (code === 'EACCES' || code === 'EPERM')
    return failure('NO_RIGHTS', `${path} may not be read (${code})`, { device: path, hint: 'run it with sudo' }, cause);
  const hint = 'see with `piburn info` whether the card and its reader are still there';
  return failure('CARD_UNREADABLE', `${path} cannot be read (${code})`, { device: path, hint }, cause);
}
