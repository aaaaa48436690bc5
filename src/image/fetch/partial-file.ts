// The file that a download fills, from its beginning to its end. What somebody may have read already is not written
// again but compared.

import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { errnoOf, failure } from '../../errors.js';
import { noRoom } from '../room.js';
import { openInStore } from '../store-access.js';

export class PartialFile {
  readonly #path: string;
  readonly #file: FileHandle;
  /** As it was found. */
  readonly foundBytes: number;

  private constructor(path: string, file: FileHandle, foundBytes: number) {
    this.#path = path;
    this.#file = file;
    this.foundBytes = foundBytes;
  }

  /** Opens the file, or makes it (0600). */
  static async open(path: string): Promise<PartialFile> {
    return guarded(path, async () => {
      const file = await openInStore(path, constants.O_RDWR | constants.O_CREAT);
      return new PartialFile(path, file, (await file.stat()).size);
    });
  }

  /**
   * Puts bytes at their place. Those before `handedOutBytes` are compared with what is there; returns whether they are
   * the same.
   * @throws PiburnError `STORE_FULL`; an errno.
   */
  async put(bytes: Buffer, offsetBytes: number, handedOutBytes: number): Promise<boolean> {
    const known = Math.min(bytes.length, Math.max(0, handedOutBytes - offsetBytes));
    return guarded(this.#path, async () => {
      if (known > 0 && !(await this.#isThere(bytes.subarray(0, known), offsetBytes))) return false;
      for (let at = known; at < bytes.length; )
        at += (await this.#file.write(bytes, at, bytes.length - at, offsetBytes + at)).bytesWritten;
      return true;
    });
  }

  async #isThere(bytes: Buffer, offsetBytes: number): Promise<boolean> {
    const there = Buffer.alloc(bytes.length);
    for (let at = 0; at < there.length; ) {
      const { bytesRead } = await this.#file.read(there, at, there.length - at, offsetBytes + at);
      if (bytesRead === 0) return false;
      at += bytesRead;
    }
    return there.equals(bytes);
  }

  /** Drops what lies behind. */
  async cut(sizeBytes: number): Promise<void> {
    await guarded(this.#path, () => this.#file.truncate(sizeBytes));
  }

  /** Brings what was written to the disk. */
  async sync(): Promise<void> {
    await guarded(this.#path, () => this.#file.sync());
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Does something to the download's files; what goes wrong becomes a PiburnError. */
export async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): unknown {
  const code = errnoOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return noRoom(path);
  if (code === undefined) return error;
  const hint =
    code === 'EFBIG' ? 'its file system takes no files of this size (FAT32 ends at 4 GiB)' : 'is its disk in order?';
  return failure(code, `the download cannot be kept in ${path} (${code})`, { hint }, error);
}
