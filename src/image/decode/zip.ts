// .zip: the directory at the end by yauzl, the one image in it by Node's zlib, held to its size and CRC-32.

import { fstatSync, read } from 'node:fs';
import { createInflateRaw } from 'node:zlib';
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl';
import { failure, PiburnError } from '../../errors.js';
import { checked } from './checked.js';
import { corruptImage } from './corrupt.js';
import { type Encoded, rangeBytes, untilWhole } from './encoded.js';
import { engineChunkBytes, throughEngine } from './engine.js';
import {
  type Archive,
  type ArchiveEntry,
  encryptedArchive,
  entriesMax,
  pickEntry,
  tooManyEntries,
} from './pick-entry.js';

/** Methods of compression (PKWARE, APPNOTE.TXT 4.4.5). */
const methods = { stored: 0, deflated: 8 } as const;

/** The one image in a .zip, and where it lies. */
export interface ZipImage {
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly method: number;
  readonly packedBytes: number;
  readonly offsetBytes: number;
}

export async function* decodeByYauzl(encoded: Encoded): AsyncGenerator<Uint8Array> {
  await untilWhole(encoded);
  const image = await findZipImage(encoded.descriptor, encoded.name);
  const packed = rangeBytes(encoded, image.offsetBytes, image.packedBytes);
  const plain =
    image.method === methods.stored
      ? packed
      : throughEngine(packed, createInflateRaw({ chunkSize: engineChunkBytes }), encoded.name);
  yield* checked(plain, image, encoded.name);
}

/**
 * Finds the one image in a .zip.
 * @throws PiburnError `IMAGE_CORRUPT`, `IMAGE_AMBIGUOUS`, `ARCHIVE_WITHOUT_IMAGE`, `ARCHIVE_TOO_LARGE`,
 * `IMAGE_ENCRYPTED`, `IMAGE_COMPRESSED` (a method that is not read).
 */
export async function findZipImage(descriptor: number, name: string): Promise<ZipImage> {
  const archive: Archive = { name, unpack: 'unzip' };
  try {
    const fileBytes = fstatSync(descriptor).size;
    // Names are not decoded by yauzl: it refuses a whole archive for a `..`, which means nothing here.
    const options = { autoClose: false, lazyEntries: true, decodeStrings: false };
    const zip = await fromRandomAccessReaderPromise(new PositionalReader(descriptor, fileBytes), fileBytes, options);
    const { entry } = pickEntry(await entriesOf(zip, archive), archive);
    if (entry.isEncrypted()) throw encryptedArchive(archive);
    if (!entry.canDecodeFileData()) throw unknownMethod(archive, entry.compressionMethod);
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return {
      sizeBytes: entry.uncompressedSize,
      crc32: entry.crc32,
      method: entry.compressionMethod,
      packedBytes: entry.compressedSize,
      offsetBytes: fileDataStart,
    };
  } catch (error) {
    if (error instanceof PiburnError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    if (words === 'strong encryption is not supported') throw encryptedArchive(archive);
    // The first part says it; then come explanations and numbers.
    throw corruptImage(name, (words.split(/[.:] /)[0] ?? words).replaceAll(/\p{Cc}/gu, ''));
  }
}

interface ZipEntry extends ArchiveEntry {
  readonly entry: Entry;
}

async function entriesOf(zip: ZipFile, archive: Archive): Promise<ZipEntry[]> {
  if (zip.entryCount > entriesMax) throw tooManyEntries(archive);
  const entries: ZipEntry[] = [];
  for await (const entry of zip.eachEntry()) {
    const { generalPurposeBitFlag: flags, fileNameRaw, extraFields } = entry;
    const name = getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
    entries.push({ entry, name, isFile: !name.endsWith('/') && isRegular(entry) });
  }
  return entries;
}

/** A Unix system leaves the file's mode (upper 16 bits), others leave nothing there. */
function isRegular({ versionMadeBy, externalFileAttributes }: Entry): boolean {
  const isUnix = versionMadeBy >> 8 === 3;
  const kind = (externalFileAttributes >>> 16) & 0o170000;
  return !isUnix || kind === 0 || kind === 0o100000;
}

/** Reads by position from a descriptor that is not its own, and nothing outside the file. */
class PositionalReader extends RandomAccessReader {
  readonly #descriptor: number;
  readonly #fileBytes: number;

  constructor(descriptor: number, fileBytes: number) {
    super();
    this.#descriptor = descriptor;
    this.#fileBytes = fileBytes;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, got?: number) => void,
  ): void {
    const left = Math.max(0, this.#fileBytes - position);
    if (length > left) setImmediate(() => callback(new Error('it points beyond its own end')));
    else read(this.#descriptor, buffer, offset, length, position, callback);
  }
}

const unknownMethod = ({ name, unpack }: Archive, method: number) =>
  failure('IMAGE_COMPRESSED', `the image in ${name} is packed with method ${method}, which piburn does not read`, {
    hint: `unpack it first (${unpack} ${name}, or 7z x ${name})`,
  });
