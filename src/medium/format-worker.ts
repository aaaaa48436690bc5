// The parts of formatting that touch the card itself, on a worker thread: what was there is wiped, an exFAT that was made
// beside the card is copied in, and what the programs have written is read back.

import { closeSync, openSync, readSync } from 'node:fs';
import type { Failure } from '../errors.js';
import { failure, type PiburnError } from '../errors.js';
import { type Device, openDevice } from '../native.js';
import type { TargetIdentity } from '../protocol.js';
import type { CardLayout } from './layout.js';
import { deviceFailure, openToWrite, zeroEnds } from './open-device.js';
import { Progress } from './progress.js';

export interface FormatJob {
  readonly target: TargetIdentity;
  readonly layout: CardLayout;
  readonly progress: SharedArrayBuffer;
  readonly task: 'wipe' | 'copy' | 'check';
  /** Of `copy`: the file, and how much of its beginning. */
  readonly source?: string;
  readonly sourceBytes?: number;
}

export interface FormatStep {
  readonly failure?: Failure;
  /** Of `wipe`: the sectors that partition tables count in. */
  readonly sectorBytes?: number;
}

const pieceBytes = 1024 * 1024;

export default function work(job: FormatJob): FormatStep {
  const progress = new Progress(job.progress);
  try {
    if (job.task === 'wipe') return { sectorBytes: wipe(job, progress) };
    if (job.task === 'copy') copy(job, progress);
    else check(job);
    return {};
  } catch (error) {
    return { failure: deviceFailure(error, job.target) };
  } finally {
    progress.add(0);
  }
}

/** Both ends of the card, and where the partition will begin: signatures of old file systems lie in its first MiB. */
function wipe({ target, layout }: FormatJob, progress: Progress): number {
  const device = openToWrite(target, pieceBytes);
  try {
    progress.touch();
    zeroEnds(device);
    device.writeZeros(layout.startBytes, pieceBytes, pieceBytes);
    device.flush();
    return target.kind === 'block' ? device.info.logicalBlockBytes : 512;
  } finally {
    device.close();
  }
}

function copy({ target, layout, source = '', sourceBytes = 0 }: FormatJob, progress: Progress): void {
  const device = openToWrite(target, pieceBytes);
  const descriptor = openSync(source, 'r');
  try {
    for (let at = 0; at < sourceBytes; at += pieceBytes) {
      const length = Math.min(pieceBytes, sourceBytes - at);
      device.buffer.fill(0, 0, length);
      readSync(descriptor, device.buffer, 0, length, at);
      device.writeBuffer(layout.startBytes + at, length, pieceBytes);
      progress.add(length);
    }
    device.flush();
  } finally {
    closeSync(descriptor);
    device.close();
  }
}

/** @throws PiburnError `FORMAT_READ_BACK`. */
function check({ target, layout }: FormatJob): void {
  const device = openDevice(target.path, { write: false, bufferBytes: pieceBytes });
  try {
    const entry = Buffer.from(readAt(device, 0).subarray(446, 462));
    const table = Buffer.from(readAt(device, 0));
    const boot = readAt(device, layout.startBytes);
    const name = layout.fileSystem === 'fat32' ? boot.toString('latin1', 82, 87) : boot.toString('latin1', 3, 8);
    const isThere =
      table.readUInt16LE(510) === 0xaa55 &&
      entry[4] === layout.type &&
      entry.readUInt32LE(8) * sectorOf(target, device) === layout.startBytes &&
      boot.readUInt16LE(510) === 0xaa55 &&
      name === (layout.fileSystem === 'fat32' ? 'FAT32' : 'EXFAT');
    if (!isThere) throw notThere(target.path);
  } finally {
    device.close();
  }
}

const sectorOf = ({ kind }: TargetIdentity, device: Device): number =>
  kind === 'block' ? device.info.logicalBlockBytes : 512;

const readAt = (device: Device, offsetBytes: number): Buffer =>
  device.buffer.subarray(0, device.read(offsetBytes, 4096, pieceBytes));

const notThere = (path: string): PiburnError =>
  failure('FORMAT_READ_BACK', `${path} does not read back what was written: partition table and boot sector`, {
    device: path,
    hint: `look at the card more closely: piburn probe ${path}`,
  });
