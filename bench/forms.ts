// The forms that an image comes in: how each is packed, and by which programs it is unpacked to standard output.

import { readFileSync, writeFileSync } from 'node:fs';
import { sevenZipPrograms } from '../src/image/decode/seven-zip.js';
import { MiB } from '../test/e2e/support.js';
import { sparseOf } from '../test/image/decode/sparse-writer.js';
import { type Command, isThere, run } from './programs.js';

export interface Form {
  readonly name: string;
  readonly fileName: string;
  /** Without it, the form is left out. */
  readonly packer?: string;
  pack(image: string, archive: string): Promise<unknown>;
  /** What unpacks it; the first that is there is the form's own program. */
  readonly unpackers: readonly Unpacker[];
  /** Options of piburn that are tried as well as none. */
  readonly options?: readonly (readonly string[])[];
}

export interface Unpacker {
  /** As people would type it, without the file. */
  readonly line: string;
  command(archive: string): Command;
}

/** The largest image that is made into every form: some are packed in memory. */
export const formsMostMiB = 2000;

/** As `xz -6 -T0` makes them: three times its dictionary of 8 MiB (xz(1)); smaller where there would be few. */
const xzBlockBytes = (imageBytes: number): number => (imageBytes < 10 * 24 * MiB ? 4 * MiB : 24 * MiB);

/** More than one thread: only then xz writes the sizes into the blocks' heads, which parallel decoding needs. */
export const packXzInBlocks = (image: string, archive: string, imageBytes: number): Promise<string> =>
  run(['xz', '-1', '--stdout', '--threads=2', `--block-size=${xzBlockBytes(imageBytes)}`, image], { into: archive });

/** Every form for an image of some size. */
export function formsFor(imageBytes: number): Form[] {
  const sevenZip = sevenZipPrograms.find(isThere) ?? '7zz';
  return [
    {
      name: `xz in ${xzBlockBytes(imageBytes) / MiB} MiB blocks`,
      fileName: 'blocks.img.xz',
      packer: 'xz',
      pack: (image, archive) => packXzInBlocks(image, archive, imageBytes),
      unpackers: [unpacker('xz -dc -T0'), unpacker('xz -dc -T1')],
      options: [['--decoder=lzma-native']],
    },
    {
      name: 'xz in one block',
      fileName: 'one-block.img.xz',
      packer: 'xz',
      pack: filter('xz', '-1', '--stdout', '--threads=1'),
      unpackers: [unpacker('xz -dc -T0')],
      options: [['--decoder=lzma-native']],
    },
    {
      name: 'gzip',
      fileName: 'image.img.gz',
      packer: 'gzip',
      pack: filter('gzip', '--stdout'),
      unpackers: [unpacker('gzip -dc')],
    },
    {
      name: 'bzip2',
      fileName: 'image.img.bz2',
      packer: isThere('lbzip2') ? 'lbzip2' : 'bzip2',
      pack: filter(isThere('lbzip2') ? 'lbzip2' : 'bzip2', '--stdout'),
      unpackers: [unpacker('lbzip2 -dc'), unpacker('bzip2 -dc')],
    },
    {
      name: 'zstd',
      fileName: 'image.img.zst',
      packer: 'zstd',
      pack: filter('zstd', '--quiet', '--stdout'),
      unpackers: [unpacker('zstd -qdc')],
    },
    {
      name: 'zip',
      fileName: 'image.zip',
      packer: 'python3',
      pack: (image, archive) => run(['python3', '-c', zipped, image, archive]),
      unpackers: [unpacker('unzip -p')],
    },
    {
      name: '7z',
      fileName: 'image.7z',
      packer: sevenZip,
      pack: (image, archive) => run([sevenZip, 'a', '-mx=1', '-bd', archive, image]),
      unpackers: [unpacker(`${sevenZip} e -so`)],
    },
    {
      name: 'android sparse',
      fileName: 'image.simg',
      pack: async (image, archive) => writeFileSync(archive, sparseOf(readFileSync(image))),
      unpackers: [{ line: 'simg2img', command: (archive) => ['simg2img', archive, '/dev/stdout'] }],
    },
  ];
}

const zipped = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED) as archive: archive.write(sys.argv[1], 'image.img')`;

const filter =
  (...command: Command) =>
  (image: string, archive: string): Promise<string> =>
    run([...command, image], { into: archive });

function unpacker(line: string): Unpacker {
  const [program = '', ...args] = line.split(' ');
  return { line, command: (archive) => [program, ...args, archive] };
}
