// Tells what a file is by its first bytes, never by its name.

import { failure } from '../errors.js';

/** What piburn can burn: a disk image as it is, or one inside an .xz file. */
export type ImageFormat = 'raw' | 'xz';

/** Bytes that `sniff` needs to see (or the whole file, when it is shorter). */
export const sniffBytes = 1024;

const magics: readonly { readonly name: string; readonly magic: readonly number[]; readonly unpack: string }[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: 'gunzip --keep' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: 'bunzip2 --keep' },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: 'unzstd' },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04], unpack: 'unzip' },
  { name: '7z', magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], unpack: '7z x' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], unpack: 'unlz4' },
  { name: 'lzma', magic: [0x5d, 0x00, 0x00], unpack: 'unlzma --keep' },
];
const xzMagic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/**
 * The format of an image from its first bytes.
 * @throws PiburnError `IMAGE_EMPTY`, `IMAGE_COMPRESSED` (a compression that is not read). Whether raw bytes are a
 * disk image is decided by `checkDiskImage`, on the decoded bytes.
 */
export function sniff(head: Uint8Array, name: string): ImageFormat {
  if (head.length === 0)
    throw failure('IMAGE_EMPTY', `${name} is empty: it holds no image`, { hint: 'download it again' });
  if (startsWith(head, xzMagic)) return 'xz';
  const other = magics.find(({ magic }) => startsWith(head, magic));
  if (other === undefined) return 'raw';
  throw failure('IMAGE_COMPRESSED', `${name} is compressed with ${other.name}, which piburn does not read`, {
    hint: `unpack it first (${other.unpack} ${name}), or use the .xz or .img of the image`,
  });
}
