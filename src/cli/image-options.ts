// The options about images, which burning and the image commands share: in words → wishes of the library.

import { type Command, Option } from 'commander';
import type { ImageWishes } from '../burn/options.js';
import { given } from '../given.js';
import { parseSize } from '../typed-amounts.js';

/** The options as commander hands them over. */
export interface ImageFlags {
  readonly store?: string;
  readonly decoder?: 'auto' | 'xz' | 'lzma-native';
  readonly sha256?: string;
  readonly maxSize?: string;
  /** False after `--no-bmap`. */
  readonly bmap?: boolean;
  readonly keep?: boolean;
  readonly repo?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const options = {
  repo: new Option('--repo <list>', 'address or file of the list of images (PIBURN_REPO, else that of Raspberry Pi)'),
  store: new Option('--store <dir>', 'where decoded images are kept (PIBURN_STORE, else ~/.cache/piburn)'),
  decoder: new Option('--decoder <name>', 'who decodes .xz (default: auto)').choices(['auto', 'xz', 'lzma-native']),
  sha256: new Option('--sha256 <digest>', 'what the SHA-256 of the image, as published or decoded, must be'),
  'max-size': new Option('--max-size <size>', 'refuse images that unpack to more than this (default: 256GB)'),
  bmap: new Option('--no-bmap', 'do not use the .bmap that belongs to the image'),
  keep: new Option('--keep', 'put a fetched file that proves wrong aside instead of removing it'),
  json: new Option('--json', 'print JSON on standard output, text on standard error'),
} as const;

export function addImageOptions(command: Command, names: readonly (keyof typeof options)[]): Command {
  for (const name of names) command.addOption(options[name]);
  return command.option('--verbose', 'print the stack of an error');
}

export const imageWishes = ({ store, decoder, sha256, maxSize, bmap, keep, repo }: ImageFlags): ImageWishes => ({
  ...given({
    // Without --no-bmap commander says true, which nobody has said.
    bmap: bmap === false ? false : undefined,
    keepRejected: keep,
    store,
    decoder,
    sha256,
    repo,
    maxBytes: maxSize === undefined ? undefined : parseSize(maxSize, '--max-size'),
  }),
});
