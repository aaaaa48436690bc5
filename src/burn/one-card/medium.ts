// A card, a card file or an image file that is open, for one of the small commands: to be looked at by anybody who may
// read it, to be changed by its only user.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { imageReader } from '../../customise/boot-volume.js';
import type { ReadImage } from '../../customise/overlay.js';
import { errnoOf, failure, type PiburnError, refusal } from '../../errors.js';
import { sniff, sniffBytes } from '../../image/sniff.js';
import { type Device, openDevice } from '../../native.js';

export interface Medium {
  readonly path: string;
  readonly kind: 'block' | 'file';
  readonly read: ReadImage;
  close(): void;
}

export interface WritableMedium extends Medium {
  readonly device: Device;
}

/** The longest piece that is read or written at once; a whole number of any device's blocks. */
export const pieceBytes = 1024 * 1024;

/** @throws PiburnError `NO_CARD`, `CARD_UNREADABLE`, `NOT_A_CARD`, `CARD_COMPRESSED`. */
export function openToRead(path: string): Medium {
  const kind = kindOf(path);
  const descriptor = attempt(path, () => openSync(path, 'r'));
  try {
    refusePacked(path, readStart(descriptor));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { path, kind, read: imageReader(descriptor), close: () => closeSync(descriptor) };
}

/** @throws PiburnError as `openToRead`; `CARD_IN_USE`, `TARGET_READ_ONLY`. */
export function openToChange(path: string): WritableMedium {
  openToRead(path).close();
  const device = attempt(path, () => openDevice(path, { write: true, exclusive: true, bufferBytes: 2 * pieceBytes }));
  if (!device.info.readOnly) {
    return { path, kind: device.info.kind, device, read: deviceReader(device), close: () => device.close() };
  }
  device.close();
  throw refusal('TARGET_READ_ONLY', `${path} is write-protected`, {
    device: path,
    hint: "slide the card's lock switch, or make the file writable",
  });
}

export function kindOf(path: string): Medium['kind'] {
  const stats = attempt(path, () => statSync(path));
  if (stats.isBlockDevice()) return 'block';
  if (stats.isFile()) return 'file';
  throw failure('NOT_A_CARD', `${path} is neither a device nor a file nor a folder`, {
    hint: 'name a card such as /dev/sda, a card file, or the folder where a card is mounted',
  });
}

function readStart(descriptor: number): Uint8Array {
  const head = Buffer.alloc(sniffBytes);
  return head.subarray(0, readSync(descriptor, head, 0, sniffBytes, 0));
}

function refusePacked(path: string, head: Uint8Array): void {
  const format = sniff(head, path);
  if (format === 'raw') return;
  throw failure('CARD_COMPRESSED', `${path} is packed (${format}): what is on it cannot be looked at in place`, {
    hint: `unpack it first, or see what is in it with: piburn image info ${path}`,
  });
}

/** Reads whole blocks of the device and gives what was asked for, or less at its end. */
const deviceReader =
  (device: Device): ReadImage =>
  (offsetBytes, lengthBytes) => {
    const block = device.info.logicalBlockBytes;
    const bytes = Buffer.alloc(lengthBytes);
    for (let done = 0; done < lengthBytes; ) {
      const start = Math.floor((offsetBytes + done) / block) * block;
      const within = offsetBytes + done - start;
      const wanted = Math.min(pieceBytes, Math.ceil((within + lengthBytes - done) / block) * block);
      const got = device.read(start, wanted, pieceBytes);
      const part = device.buffer.subarray(within, Math.min(got, within + lengthBytes - done));
      if (got <= within) return bytes.subarray(0, done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  };

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): unknown {
  const reasons: Readonly<Record<string, () => PiburnError>> = {
    ENOENT: () =>
      failure('NO_CARD', `there is no ${path}`, {
        hint: 'name a card such as /dev/sda, a card file, or the folder where a card is mounted',
      }),
    EACCES: () =>
      failure('CARD_UNREADABLE', `${path} may not be opened by this user`, { hint: 'run piburn with sudo' }),
    EBUSY: () =>
      refusal('CARD_IN_USE', `${path} is in use: mounted, or open in another piburn`, {
        hint: `unmount it (piburn unmount ${path}), or name the folder where it is mounted`,
      }),
    ENOMEDIUM: () => failure('NO_MEDIUM', `there is no card in ${path}`, { hint: 'put a card in' }),
  };
  return reasons[errnoOf(error) ?? '']?.() ?? error;
}
