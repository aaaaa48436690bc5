// .7z by 7-Zip, under whichever of its names it is installed: it lists the archive, then unpacks the one image in it to
// its standard output. It has the archive as standard input, and opens it there again, since it seeks in it.

import { failure, interruption, type PiburnError } from '../../errors.js';
import { run, startOn } from '../../exec.js';
import { given } from '../../given.js';
import { checked } from './checked.js';
import { corruptImage } from './corrupt.js';
import { type Encoded, untilWhole } from './encoded.js';
import { memoryShareBytes, tooMuchMemory, usualWindowBytes } from './memory.js';
import { decoderMissing } from './missing.js';
import { asNobody, asReaderOf } from './nobody.js';
import {
  type Archive,
  type ArchiveEntry,
  encryptedArchive,
  entriesMax,
  pickEntry,
  tooManyEntries,
} from './pick-entry.js';
import { checkEnd } from './program.js';

export const sevenZipPrograms = ['7zz', '7z', '7za'] as const;
export type SevenZipProgram = (typeof sevenZipPrograms)[number];

/** Far more than 10,000 entries need. */
const listingBytesMax = 32 * 1024 * 1024;
const archivePath = '/proc/self/fd/0';
/** An empty password: without one, it would ask. */
const always = ['-t7z', '-p', '-bd', '-sccUTF-8'];
/** Exit codes of 7-Zip that say nothing of the archive. */
const exitCodes = { outOfMemory: 8, stoppedByPerson: 255 } as const;

/**
 * The name under which 7-Zip is there.
 * @throws PiburnError `DECODER_MISSING`.
 */
export async function findSevenZip(): Promise<SevenZipProgram> {
  for (const program of sevenZipPrograms)
    if ((await run(program, [], given({ as: asNobody() }))) !== undefined) return program;
  throw decoderMissing('7-Zip', '7z archives', '7zip');
}

/** The one image in a .7z. */
export interface SevenZipImage extends ArchiveEntry {
  readonly sizeBytes: number;
  readonly crc32: number | undefined;
  readonly isEncrypted: boolean;
  /** Memory that unpacking it takes, as far as its methods tell. */
  readonly memoryBytes: number;
}

export async function* decodeBySevenZip(encoded: Encoded, program: SevenZipProgram): AsyncGenerator<Uint8Array> {
  await untilWhole(encoded);
  const { descriptor, name } = encoded;
  const image = await findSevenZipImage(descriptor, name, program);
  const limitBytes = memoryShareBytes(usualWindowBytes);
  if (image.memoryBytes > limitBytes) throw tooMuchMemory(name, limitBytes);
  // -spd: a name is a name, whatever stars are in it.
  const args = ['e', '-so', '-spd', ...always, `-i!${image.name}`, archivePath];
  yield* checked(outputOf(program, args, descriptor, name), image, name);
}

/**
 * Finds the one image in a .7z.
 * @throws PiburnError `IMAGE_CORRUPT`, `IMAGE_AMBIGUOUS`, `ARCHIVE_WITHOUT_IMAGE`, `ARCHIVE_TOO_LARGE`,
 * `IMAGE_ENCRYPTED`.
 */
export async function findSevenZipImage(
  descriptor: number,
  name: string,
  program: SevenZipProgram,
): Promise<SevenZipImage> {
  const archive: Archive = { name, unpack: `${program} x` };
  const listing: Uint8Array[] = [];
  let listingBytes = 0;
  for await (const chunk of outputOf(program, ['l', '-slt', '-ba', ...always, archivePath], descriptor, name)) {
    listingBytes += chunk.length;
    if (listingBytes > listingBytesMax) throw tooManyEntries(archive);
    listing.push(chunk);
  }
  const entries = parseListing(Buffer.concat(listing).toString('utf8'));
  if (entries.length > entriesMax) throw tooManyEntries(archive);
  const image = pickEntry(entries, archive);
  if (image.isEncrypted) throw encryptedArchive(archive);
  return image;
}

/** What 7-Zip prints, its end checked. Breaking off the iteration ends it. */
async function* outputOf(
  program: SevenZipProgram,
  args: readonly string[],
  descriptor: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  const running = startOn(program, args, descriptor, asReaderOf(descriptor));
  try {
    yield* running.stdout;
    await checkEnd(running, name, { program, explain: (words, exitCode) => trouble(name, program, words, exitCode) });
  } finally {
    running.kill();
    await running.ended;
  }
}

function trouble(name: string, program: SevenZipProgram, words: string, exitCode: number): PiburnError {
  if (exitCode === exitCodes.stoppedByPerson) return interruption(`reading ${name} was interrupted`);
  if (exitCode === exitCodes.outOfMemory)
    return failure('IMAGE_NEEDS_MEMORY', `${program} has not enough memory to unpack ${name}`, {
      hint: 'close other programs, or unpack it on another machine and burn what was in it',
    });
  if (/encrypted/i.test(words)) return encryptedArchive({ name, unpack: `${program} x` });
  if (/Unsupported Method/i.test(words))
    return failure('IMAGE_COMPRESSED', `${name} is packed with a method that this ${program} does not read`, {
      hint: `unpack it with the program that made it, or install a newer ${program}`,
    });
  const known = /Unexpected end of \w+|Headers Error|Data Error|CRC Failed|Is not archive/;
  return corruptImage(name, known.exec(words)?.[0] ?? `${program} gave up`);
}

/** `7zz l -slt -ba`: a paragraph of `Property = value` for each entry, its `Path` first. */
export function parseListing(text: string): SevenZipImage[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map(paragraph.split('\n').map(parseField));
    const name = fields.get('Path');
    if (name === undefined) return [];
    const [flags = '', mode = ''] = (fields.get('Attributes') ?? '').split(' ');
    const checksum = fields.get('CRC') ?? '';
    return [
      {
        name,
        // Windows' letters, with those for a folder and a link, then perhaps the mode as `ls` shows it.
        isFile: !/[DL]/.test(flags) && /^-?$/.test(mode.slice(0, 1)),
        sizeBytes: Number(fields.get('Size') ?? 0),
        crc32: checksum === '' ? undefined : Number.parseInt(checksum, 16),
        isEncrypted: fields.get('Encrypted') === '+',
        memoryBytes: memoryOf(fields.get('Method') ?? ''),
      },
    ];
  });
}

function parseField(line: string): [key: string, value: string] {
  const [, key = '', value = ''] = /^(.*?) = ?(.*)$/.exec(line) ?? [];
  return [key, value];
}

/** `LZMA2:24` and `PPMD:o6:mem24` are powers of two, `LZMA2:1536m` is a size. */
function memoryOf(methods: string): number {
  const sizes = methods.matchAll(/(?:LZMA2?:|PPMD\S*:mem)(\d+)([bkmg]?)/gi);
  const units: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
  return [...sizes].reduce(
    (sum, [, number, unit = '']) => sum + (units[unit] ?? 0) * Number(number) + (unit === '' ? 2 ** Number(number) : 0),
    0,
  );
}
