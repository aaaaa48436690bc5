// Tells what a file is by its first bytes, never by its name.

import { failure } from '../errors.js';

/** What piburn can burn: a disk image as it is, packed, or in an archive. */
export type ImageFormat = 'raw' | 'xz' | 'gzip' | 'bzip2' | 'zstd' | 'zip' | '7z' | 'android-sparse';

/** Bytes that `sniff` needs to see (or the whole file, when it is shorter). */
export const sniffBytes = 1024;

/** Whether a format is read from its end, so that a stream or an unfinished download is of no use yet. */
export const needsWholeFile = (format: ImageFormat): boolean => format === 'zip' || format === '7z';

type Test = (head: Uint8Array) => boolean;

const startsWith =
  (magic: readonly number[], offsetBytes = 0): Test =>
  (head) =>
    magic.every((byte, index) => head[offsetBytes + index] === byte);

const isSkippableFrame: Test = (head) => ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith([0x2a, 0x4d, 0x18], 1)(head);
const isLz4 = startsWith([0x04, 0x22, 0x4d, 0x18]);
const isZip: Test = (head) => zipRecords.some((record) => startsWith([0x50, 0x4b, ...record])(head));

/** A local file, the end of an empty archive, the mark of one in several parts (PKWARE, APPNOTE.TXT 4.3 and 8.5). */
const zipRecords = [
  [0x03, 0x04],
  [0x05, 0x06],
  [0x07, 0x08],
] as const;

const readable: readonly { readonly format: ImageFormat; readonly is: Test }[] = [
  { format: 'xz', is: startsWith([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) },
  { format: 'gzip', is: startsWith([0x1f, 0x8b]) },
  { format: 'bzip2', is: (head) => startsWith([0x42, 0x5a, 0x68])(head) && isDigit(head[3] ?? 0) },
  { format: 'zstd', is: (head) => startsWith([0x28, 0xb5, 0x2f, 0xfd])(head) || isSkippableFrame(head) },
  { format: 'zip', is: isZip },
  { format: '7z', is: startsWith([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) },
  { format: 'android-sparse', is: startsWith([0x3a, 0xff, 0x26, 0xed]) },
];

const unreadable: readonly { readonly what: string; readonly unpack: string; readonly is: Test }[] = [
  { what: 'compressed with lz4', unpack: 'unlz4', is: (head) => isLz4(head) || isLz4(behindSkippable(head)) },
  { what: 'compressed with lz4', unpack: 'unlz4', is: startsWith([0x02, 0x21, 0x4c, 0x18]) },
  { what: 'compressed with lzma', unpack: 'unlzma --keep', is: startsWith([0x5d, 0x00, 0x00]) },
  { what: 'compressed with lzip', unpack: 'lzip -dk', is: startsWith([0x4c, 0x5a, 0x49, 0x50]) },
  { what: 'compressed with compress', unpack: 'uncompress', is: startsWith([0x1f, 0x9d]) },
  { what: 'a rar archive', unpack: 'unrar x', is: startsWith([0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]) },
  { what: 'a tar archive', unpack: 'tar xf', is: startsWith([0x75, 0x73, 0x74, 0x61, 0x72], 257) },
];

/**
 * The format of an image from its first bytes.
 * @throws PiburnError `IMAGE_EMPTY`, `IMAGE_COMPRESSED` (a compression that is not read). Whether raw bytes are a
 * disk image is decided by `checkDiskImage`, on the decoded bytes.
 */
export function sniff(head: Uint8Array, name: string): ImageFormat {
  if (head.length === 0)
    throw failure('IMAGE_EMPTY', `${name} is empty: it holds no image`, { hint: 'download it again' });
  const other = unreadable.find(({ is }) => is(head));
  if (other === undefined) return readable.find(({ is }) => is(head))?.format ?? 'raw';
  throw failure('IMAGE_COMPRESSED', `${name} is ${other.what}, which piburn does not read`, {
    hint: `unpack it first (${other.unpack} ${name}), or use the .xz or .img of the image`,
  });
}

const isDigit = (byte: number): boolean => byte >= 0x31 && byte <= 0x39;

/** zstd and lz4 share their skippable frames, so a file that begins with one is what follows it. */
function behindSkippable(head: Uint8Array): Uint8Array {
  if (!isSkippableFrame(head) || head.length < 8) return new Uint8Array();
  return head.subarray(8 + new DataView(head.buffer, head.byteOffset).getUint32(4, true));
}
