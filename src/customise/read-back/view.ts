// A volume of a card as the commands for one card see it: a FAT or ext file system that nobody has mounted, or a folder
// where one is mounted. It is only ever read.

import { PiburnError } from '../../errors.js';
import { given } from '../../given.js';
import type { CardEntry } from '../../protocol.js';
import type { ExtStat, ExtVolume } from '../ext/volume.js';
import { type FatGeometry, readGeometry } from '../fat/bpb.js';
import { FatVolume } from '../fat/volume.js';
import { Overlay, type ReadImage } from '../overlay.js';

/** The largest file that is read at once. */
export const maxFileBytes = 256 * 1024 * 1024;

/**
 * Paths are separated by `/` and count from the volume's root. Symbolic links are followed inside the volume, in
 * `readFile`, `exists` and `list` also a last one.
 */
export interface VolumeView {
  readonly label?: string;
  /** The bytes of a regular file; undefined when there is none. */
  readFile(path: string): Uint8Array | undefined;
  exists(path: string): boolean;
  /** What is at a path, a symbolic link being itself; undefined when there is nothing. */
  stat(path: string): CardEntry | undefined;
  /** The names in a directory in the order of code units; undefined when there is no directory. */
  list(path: string): readonly string[] | undefined;
}

export const textIn = (view: Pick<VolumeView, 'readFile'>, path: string): string | undefined => {
  const bytes = view.readFile(path);
  return bytes && Buffer.from(bytes).toString('utf8');
};

export function fatView(volume: FatVolume): VolumeView {
  const list = (path: string) => {
    try {
      return volume.list(path);
    } catch (error) {
      if (error instanceof PiburnError && error.failure.code === 'FAT_NOT_FOUND') return undefined;
      throw error;
    }
  };
  const stat = (path: string): CardEntry | undefined => {
    const parts = path.split('/').filter((part) => part !== '');
    const name = parts.pop();
    if (name === undefined) return { name: '', kind: 'directory', sizeBytes: 0 };
    return list(parts.join('/'))?.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
  };
  return {
    ...given({ label: volume.label }),
    readFile: (path) => (stat(path)?.kind === 'file' ? volume.readFile(path) : undefined),
    exists: (path) => volume.exists(path),
    stat,
    list: (path) =>
      list(path)
        ?.map(({ name }) => name)
        .sort(),
  };
}

export function extView(volume: ExtVolume): VolumeView {
  return {
    label: volume.label,
    readFile: (path) => volume.readFile(path, maxFileBytes),
    exists: (path) => volume.exists(path),
    stat: (path) => {
      const found = volume.stat(path);
      return (
        found && {
          name: path.split('/').at(-1) ?? '',
          ...described(found),
          ...given({ target: volume.readlink(path) }),
        }
      );
    },
    list: (path) => volume.list(path)?.map(({ name }) => name),
  };
}

const described = ({ kind, mode, uid, gid, sizeBytes, modifiedAt }: ExtStat) => ({
  kind: kind === 'file' || kind === 'directory' || kind === 'symlink' ? kind : ('other' as const),
  sizeBytes,
  mode,
  uid,
  gid,
  modifiedAt: modifiedAt.toISOString(),
});

/** Shows a FAT volume that was not unmounted as if it had been: good enough for looking at it. */
export function asUnmounted(
  read: ReadImage,
  startBytes: number,
  sizeBytes: number,
): { read: ReadImage; dirty: boolean } {
  try {
    FatVolume.open(new Overlay(read), startBytes, sizeBytes);
    return { read, dirty: false };
  } catch (error) {
    if (!(error instanceof PiburnError) || error.failure.code !== 'FAT_DIRTY') throw error;
    const overlay = new Overlay(read);
    clearDirt(overlay, readGeometry(overlay, startBytes, sizeBytes), startBytes);
    return { read: (offsetBytes, lengthBytes) => readOver(overlay, read, offsetBytes, lengthBytes), dirty: true };
  }
}

/** An overlay reads whole ranges only; the end of the medium cuts them short as ever. */
function readOver(overlay: Overlay, read: ReadImage, offsetBytes: number, lengthBytes: number): Uint8Array {
  const there = read(offsetBytes, lengthBytes).length;
  return overlay.read(offsetBytes, there);
}

/** fatgen103: the state byte of the boot sector (as Linux sets it), and the two highest bits of the second FAT entry. */
function clearDirt(overlay: Overlay, { kind, fatOffsetsBytes }: FatGeometry, startBytes: number): void {
  const stateOffset = startBytes + (kind === 'fat32' ? 0x41 : 0x25);
  overlay.write(stateOffset, Uint8Array.of((overlay.read(stateOffset, 1)[0] ?? 0) & ~1));
  const entryEnd = { fat12: undefined, fat16: 3, fat32: 7 }[kind];
  if (entryEnd === undefined) return;
  for (const offset of fatOffsetsBytes) {
    const bits = kind === 'fat32' ? 0x0c : 0xc0;
    overlay.write(offset + entryEnd, Uint8Array.of((overlay.read(offset + entryEnd, 1)[0] ?? 0) | bits));
  }
}
