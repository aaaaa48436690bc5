// Opens a device or card file for a worker, exclusively, and refuses it when it is no longer what was shown; and puts into
// words what goes wrong with it.

import { type PiburnError, refusal, toFailure } from '../errors.js';
import { given } from '../given.js';
import { type Device, type DeviceInfo, isSystemError, openDevice } from '../native.js';
import type { TargetIdentity } from '../protocol.js';

/** How much is made zero at either end: partition tables, boot sectors and their copies lie there. */
const endBytes = 1024 * 1024;

/** @throws PiburnError `TARGET_CHANGED`, `TARGET_READ_ONLY`; SystemError of `open`. */
export function openToWrite(target: TargetIdentity, bufferBytes: number): Device {
  const device = openDevice(target.path, { write: true, exclusive: true, bufferBytes });
  const problem = device.info.readOnly ? writeProtected(target.path) : changed(device.info, target);
  if (problem === undefined) return device;
  device.close();
  throw problem;
}

const writeProtected = (path: string): PiburnError =>
  refusal('TARGET_READ_ONLY', `${path} is read-only`, {
    device: path,
    hint: "slide the card's lock switch; a card that is read-only without one has reached the end of its life",
  });

/** Between the question and this moment a card may have been swapped, or another disk may have taken the name. */
export function changed(now: DeviceInfo, shown: TargetIdentity): PiburnError | undefined {
  const same =
    now.kind === shown.kind &&
    (shown.deviceNumber === undefined || now.deviceNumber === shown.deviceNumber) &&
    (shown.diskSequence === undefined || now.diskSequence === undefined || now.diskSequence === shown.diskSequence) &&
    (shown.sizeBytes === undefined || now.sizeBytes === shown.sizeBytes);
  if (same) return undefined;
  return refusal('TARGET_CHANGED', `${shown.path} is not the disk any more that was there a moment ago`, {
    device: shown.path,
    hint: 'check which card is in the slot and start again',
  });
}

/** Zeros over the first and the last MiB, flushed: no stale table, and none that a backup would bring back. */
export function zeroEnds(device: Device): void {
  const { sizeBytes } = device.info;
  const lastStart = Math.max(0, Math.floor((sizeBytes - endBytes) / 4096) * 4096);
  for (const [at, length] of [
    [0, Math.min(endBytes, sizeBytes)],
    [lastStart, sizeBytes - lastStart],
  ] as const) {
    if (device.info.kind === 'file') device.punch(at, length);
    else device.writeZeros(at, length, endBytes);
  }
  device.flush();
}

/** Errors that say something about one place of a card. */
export const isPlaceError = (error: unknown): boolean =>
  isSystemError(error) && ['EIO', 'EREMOTEIO', 'EILSEQ', 'ETIMEDOUT', 'EBADMSG'].includes(error.code);

/** The card has become read-only in the middle of it. */
export const isReadOnlyError = (error: unknown): boolean =>
  isSystemError(error) && ['EROFS', 'EPERM'].includes(error.code);

/** Requests under way when a card is pulled end as EIO too; a new look tells. */
export function isGone({ path, kind, deviceNumber }: TargetIdentity): boolean {
  if (kind === 'file') return false;
  try {
    const device = openDevice(path, { write: false, bufferBytes: 4096 });
    try {
      return device.info.sizeBytes === 0 || device.info.deviceNumber !== deviceNumber;
    } finally {
      device.close();
    }
  } catch {
    return true;
  }
}

/** What the kernel refused, for a person. */
export function deviceFailure(error: unknown, target: TargetIdentity) {
  const { path } = target;
  if (!isSystemError(error)) return toFailure(error);
  const code = error.code === 'EIO' && isGone(target) ? 'ENODEV' : error.code;
  const { what, hint } = troubles[code] ?? { what: `failed (${code})`, hint: 'try another reader, then another card' };
  const where = error.offsetBytes === undefined ? '' : ` at byte ${error.offsetBytes}`;
  return {
    kind: 'failed' as const,
    code,
    message: `${path} ${what}: ${error.syscall}${where} gave ${error.code}`,
    hint,
    device: path,
    ...given({ offsetBytes: error.offsetBytes }),
  };
}

const pulled = { what: 'was pulled out', hint: 'put the card back and start again' };
const troubles: Readonly<Record<string, { what: string; hint: string }>> = {
  EIO: { what: 'has a defect', hint: 'try the card in another reader; if it fails again, throw it away' },
  ENODEV: pulled,
  ENXIO: pulled,
  ENOMEDIUM: pulled,
  ENOSPC: { what: 'has no room', hint: 'free space on the disk where the card file lies' },
  EROFS: { what: 'became read-only', hint: 'a card does this at the end of its life: use another card' },
  EPERM: { what: 'may not be written', hint: 'run piburn with sudo, and check the lock switch of the card' },
  EACCES: { what: 'may not be opened', hint: 'run piburn with sudo' },
  EBUSY: { what: 'is in use by another program', hint: 'unmount it and close the programs that use it' },
  ENOENT: { what: 'is gone', hint: 'check the reader and its cable' },
};
