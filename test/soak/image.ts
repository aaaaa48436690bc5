// The image of a soak: all of it is used, and it is small. Also packed, so that runs decode.

import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeSmallImage } from '../shim/card-files.js';

const mib = 1024 * 1024;
export const smallImageBytes = 9 * mib + 777;

export const forms = ['raw', 'gz', 'xz'] as const;
export type Form = (typeof forms)[number];

const suffixes: Readonly<Record<Form, string>> = { raw: '.img', gz: '.img.gz', xz: '.img.xz' };

/** An image in all its forms, copied under as many names as there are runs that shall not know it yet. */
export class SoakImages {
  readonly raw: string;
  readonly bytes: Buffer;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.raw = this.path('small', 'raw');
    this.bytes = makeSmallImage(this.raw, smallImageBytes);
    writeFileSync(this.path('small', 'gz'), gzipSync(this.bytes, { level: 1 }));
    const packed = spawnSync('xz', ['-0', '--keep', this.raw]);
    if (packed.status !== 0) throw new Error(`xz does not pack: ${packed.error?.message ?? packed.stderr}`);
  }

  path(name: string, form: Form): string {
    return join(this.#folder, `${name}${suffixes[form]}`);
  }

  /** Makes it under this name, and returns its path. */
  copy(name: string, form: Form): string {
    const path = this.path(name, form);
    if (name !== 'small') copyFileSync(this.path('small', form), path);
    return path;
  }

  /** Whether a file is the decoded image. */
  isDecoded(path: string): boolean {
    return readFileSync(path).equals(this.bytes);
  }
}
