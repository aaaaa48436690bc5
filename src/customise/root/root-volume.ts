// The root file system of an image, over the overlay of one node: read by our own reader, written by libext2fs, and then
// read again by our own, which shares no code with it, to see that everything has become what it was meant to be.

import { failure, type PiburnError } from '../../errors.js';
import { type ExtName, type ExtStat, ExtVolume } from '../ext/volume.js';
import { Overlay } from '../overlay.js';
import { type RootPlace, refuseUnwritable, type Writable } from './ext-refusal.js';
import { ExtWriteError, ExtWriter } from './ext-writer.js';
import { findWrong } from './find-wrong.js';
import type { ExtDisk } from './libext2fs.js';
import { parentOf, type RootEdit, type RootReader } from './root-edit.js';

/**
 * libext2fs spoils the checksums of a directory whose hash tree has more than one level, when it adds a name to it. No
 * tree has so many levels in fewer blocks than this, and no folder of settings has so many.
 */
const maxDirectoryBlocks = 100;

/** Reading throws what `ExtVolume` does. */
export class RootVolume implements RootReader {
  readonly #overlay: Overlay;
  readonly #place: RootPlace;
  readonly #writable: Writable;
  #volume: ExtVolume;

  /** @throws PiburnError `ROOT_NEEDS_RECOVERY`, `ROOT_UNSUPPORTED`, `EXT_DAMAGED`. */
  static open(overlay: Overlay, startBytes: number, sizeBytes: number): RootVolume {
    return new RootVolume(overlay, { startBytes, sizeBytes });
  }

  private constructor(overlay: Overlay, place: RootPlace) {
    this.#overlay = overlay;
    this.#place = place;
    this.#writable = refuseUnwritable((offset, length) => overlay.read(offset, length), place);
    this.#volume = openVolume(overlay, place);
  }

  stat(path: string): ExtStat | undefined {
    return this.#volume.stat(path);
  }

  readlink(path: string): string | undefined {
    return this.#volume.readlink(path);
  }

  readFile(path: string, limitBytes?: number): Uint8Array | undefined {
    return this.#volume.readFile(path, limitBytes);
  }

  list(path: string): readonly ExtName[] | undefined {
    return this.#volume.list(path);
  }

  /**
   * Makes all edits, with times of `now`; the same edits give the same bytes. After an error the overlay is as before.
   * @throws PiburnError `ROOT_FULL`, `ROOT_UNSUPPORTED`, `ROOT_DAMAGED`, `CUSTOMISE_SELFCHECK`.
   */
  apply(edits: readonly RootEdit[], now: Date): void {
    if (edits.length === 0) return;
    for (const { path } of edits) this.#refuseLargeDirectory(beforeRenames(parentOf(path), edits));
    const changed = new Overlay((offsetBytes, lengthBytes) => this.#overlay.read(offsetBytes, lengthBytes));
    try {
      const writer = new ExtWriter(diskOf(changed, this.#place), now);
      for (const edit of edits) make(writer, edit, this.#writable);
      writer.close();
    } catch (error) {
      throw explained(error, this.#place);
    }
    const wrong = findWrong(openVolume(changed, this.#place), edits);
    if (wrong !== undefined) throw selfCheck(wrong);
    for (const { offsetBytes, bytes } of changed.patch()) this.#overlay.write(offsetBytes, bytes);
    this.#volume = openVolume(this.#overlay, this.#place);
  }

  #refuseLargeDirectory(folder: string): void {
    const sizeBytes = this.#volume.stat(folder)?.sizeBytes ?? 0;
    if (sizeBytes <= maxDirectoryBlocks * this.#writable.blockBytes) return;
    throw failure('ROOT_UNSUPPORTED', `${folder} in the root of the image has names of ${sizeBytes} bytes`, {
      hint: 'piburn does not add to so large a folder; remove what is not needed in it',
    });
  }
}

/** What a path was called in the image. */
function beforeRenames(path: string, edits: readonly RootEdit[]): string {
  for (const edit of edits) {
    if (edit.kind === 'rename' && `${path}/`.startsWith(`${edit.to}/`)) return edit.path + path.slice(edit.to.length);
  }
  return path;
}

function openVolume(overlay: Overlay, { startBytes, sizeBytes }: RootPlace): ExtVolume {
  const volume = ExtVolume.open((offset, length) => overlay.read(offset, length), startBytes, sizeBytes);
  if (volume === undefined) throw selfCheck('the file system can be written, but not read');
  return volume;
}

/** The partition as a disk of its own: nothing outside of it can be touched. */
function diskOf(overlay: Overlay, { startBytes, sizeBytes }: RootPlace): ExtDisk {
  const check = (offsetBytes: number, lengthBytes: number) => {
    if (offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= sizeBytes) return;
    throw damaged(`libext2fs reached for byte ${offsetBytes} of a partition of ${sizeBytes}`);
  };
  return {
    read(offsetBytes, lengthBytes) {
      check(offsetBytes, lengthBytes);
      return overlay.read(startBytes + offsetBytes, lengthBytes);
    },
    write(offsetBytes, bytes) {
      check(offsetBytes, bytes.length);
      overlay.write(startBytes + offsetBytes, bytes);
    },
  };
}

function make(writer: ExtWriter, edit: RootEdit, { hasInlineData }: Writable): void {
  switch (edit.kind) {
    case 'file':
      // A file that lies in its inode is lost there when libext2fs shortens it, or lets it grow by a little.
      if (hasInlineData && edit.before !== undefined) writer.remove(edit.path);
      writer.writeFile(edit.path, edit.bytes, edit.mode);
      writer.setAccess(edit.path, edit);
      return;
    case 'directory':
      if (edit.isNew) writer.makeDirectory(edit.path, edit.mode);
      writer.setAccess(edit.path, edit);
      return;
    case 'symlink':
      writer.makeLink(edit.path, edit.target);
      return;
    case 'rename':
      writer.rename(edit.path, edit.to);
      return;
    case 'remove':
      writer.remove(edit.path);
  }
}

function explained(error: unknown, { startBytes }: RootPlace): unknown {
  // WebAssembly's own: libext2fs gave up, or has gone where it cannot.
  if (error instanceof Error && error.name === 'RuntimeError') return damaged(error.message);
  if (!(error instanceof ExtWriteError)) return error;
  if (!error.isFull) return damaged(error.message);
  return failure('ROOT_FULL', `the root file system at byte ${startBytes} of the image has no room for the settings`, {
    hint: 'make the partition and its file system larger (truncate, sfdisk, resize2fs), or remove something from it',
    offsetBytes: startBytes,
  });
}

const damaged = (what: string): PiburnError =>
  failure('ROOT_DAMAGED', `the root file system of the image cannot be written to: ${what}`, {
    hint: 'check a copy of the image with e2fsck -fn',
  });

const selfCheck = (what: string): PiburnError =>
  failure('CUSTOMISE_SELFCHECK', `the root of the image did not come out as it was meant: ${what}`, {
    hint: 'this is a defect of piburn: please report it with the name of the image',
  });
