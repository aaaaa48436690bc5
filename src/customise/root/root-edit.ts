// The words of this folder: what is in a root file system, and what is to become different in it. Plain data.
//
// Texts are byte strings: one character for each byte (latin1). What a file holds besides the lines that are ours comes
// out as it went in, whatever its encoding is; text of ours goes through `byteString`.

import type { ExtVolume } from '../ext/volume.js';

/** What a plan looks at: the volume as the image has it. */
export type RootReader = Pick<ExtVolume, 'stat' | 'readlink' | 'readFile' | 'list'>;

/** Permission bits and owner. */
export interface Access {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * One change. Paths are absolute and go through no symbolic link; edits are made in their order, and what stands in the
 * way of a new file or link is removed by an edit of its own.
 */
export type RootEdit =
  | ({
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: Uint8Array;
      /** What the file holds in the image; undefined for a new one. */
      readonly before?: Uint8Array;
      /** The file of the image that it is a copy of, if it is one. */
      readonly copyOf?: string;
      /** Parts of either text that must never be shown, such as password hashes; byte strings. */
      readonly secrets: readonly string[];
    } & Access)
  | ({ readonly kind: 'directory'; readonly path: string; readonly isNew: boolean } & Access)
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string };

/** The bytes of a text as a byte string, in UTF-8. */
export const byteString = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const childOf = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`);
