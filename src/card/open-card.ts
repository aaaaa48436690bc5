// Opens the target of a burn, exclusively, and refuses it when it is no longer what was shown to the person.

import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { failure, refusal } from '../errors.js';
import type { SegmentTable } from '../image/segment-table.js';
import { segmentBytesMax } from '../image/segment-table.js';
import { type Device, type DeviceInfo, openDevice } from '../native.js';
import type { CardJob, TargetIdentity } from '../protocol.js';

/**
 * @throws PiburnError `TARGET_CHANGED`, `TARGET_READ_ONLY`, `CARD_TOO_SMALL`; SystemError of `open`.
 */
export function openCard(job: CardJob, table: SegmentTable): Device {
  const { target } = job;
  const fileBytes = job.fileBytes ?? (isNewFile(target) ? table.totalBytes : undefined);
  if (target.kind === 'file' && target.sizeBytes === undefined) makeFile(target.path, fileBytes ?? 0);
  const device = openDevice(target.path, { write: true, exclusive: true, bufferBytes: segmentBytesMax });
  try {
    checkIdentity(device.info, target);
    if (device.info.readOnly)
      throw refusal('TARGET_READ_ONLY', `${target.path} is read-only`, {
        device: target.path,
        hint: "slide the card's lock switch, or use another card",
      });
    if (target.kind === 'file' && fileBytes !== undefined) device.truncate(fileBytes);
    const cardBytes = job.fileBytes ?? (isNewFile(target) ? undefined : device.info.sizeBytes);
    checkRoom(target.path, cardBytes, table.totalBytes);
    return device;
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Of its full size from the beginning: one that a kill has left behind too short would be refused by the next run. */
function makeFile(path: string, sizeBytes: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'wx', 0o644);
  try {
    ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
}

/** A file that does not exist yet, or is empty: it becomes as large as the image. */
export const isNewFile = (target: TargetIdentity): boolean => target.kind === 'file' && (target.sizeBytes ?? 0) === 0;

/** Between the question and this moment a card may have been swapped, or another disk may have taken the name. */
function checkIdentity(now: DeviceInfo, shown: TargetIdentity): void {
  const same =
    now.kind === shown.kind &&
    (shown.deviceNumber === undefined || now.deviceNumber === shown.deviceNumber) &&
    (shown.diskSequence === undefined || now.diskSequence === undefined || now.diskSequence === shown.diskSequence) &&
    (shown.sizeBytes === undefined || now.sizeBytes === shown.sizeBytes);
  if (same) return;
  throw refusal('TARGET_CHANGED', `${shown.path} is not the disk any more that was there when the burn was planned`, {
    device: shown.path,
    hint: 'check which card is in the slot and start again',
  });
}

/** @throws PiburnError `CARD_TOO_SMALL`. */
export function checkRoom(path: string, cardBytes: number | undefined, neededBytes: number | undefined): void {
  if (cardBytes === undefined || neededBytes === undefined || neededBytes <= cardBytes) return;
  throw failure('CARD_TOO_SMALL', `${path} has ${cardBytes} bytes, the image needs ${neededBytes}`, {
    device: path,
    hint: 'use a larger card',
  });
}
