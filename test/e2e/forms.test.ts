// One image in every form it can come in: the same segments, the same cards. And archives that were damaged at random:
// never a wrong byte on a card, never a card touched, nothing left behind.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { PiburnError } from '../../src/errors.js';
import { readMap } from '../../src/image/map-file.js';
import { burn } from '../../src/index.js';
import { makePiImage } from '../fixtures/pi-image.js';
import { sparseOf } from '../image/decode/sparse-writer.js';
import { eventsOf, goodSummary, MiB, type Workplace, workplace } from './support.js';

const yes = ['--json', '--yes'];
const isThere = (program: string): boolean => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;
const sevenZip = ['7zz', '7z', '7za'].find(isThere);

interface Form {
  readonly name: string;
  /** Writes the archive of `image` at `archive`. */
  readonly pack: (image: string, archive: string) => void;
  readonly missing?: string;
}

const filter =
  (program: string, ...args: readonly string[]) =>
  (image: string, archive: string) =>
    writeFileSync(archive, execFileSync(program, [...args, image], { maxBuffer: 512 * MiB }));

const python = (lines: string) => (image: string, archive: string) => {
  execFileSync('python3', ['-c', `import sys, zipfile\nimage, archive = sys.argv[1:]\n${lines}`, image, archive]);
};

const zip = (method: string) =>
  python(
    `z = zipfile.ZipFile(archive, 'w', zipfile.${method}, compresslevel=1)\nz.writestr('README.txt', 'hello')\nz.write(image, 'os.img')\nz.close()`,
  );

const forms: readonly Form[] = [
  { name: 'one-block.img.xz', pack: filter('xz', '--stdout', '-0', '--threads=1') },
  { name: 'many-blocks.img.xz', pack: filter('xz', '--stdout', '-0', '--block-size=1MiB') },
  {
    name: 'two-streams.img.xz',
    pack: (image, archive) => {
      const bytes = readFileSync(image);
      const half = (part: Buffer) => execFileSync('xz', ['-0', '--stdout'], { input: part, maxBuffer: 512 * MiB });
      writeFileSync(archive, Buffer.concat([half(bytes.subarray(0, 9_999_999)), half(bytes.subarray(9_999_999))]));
    },
  },
  { name: 'os.img.gz', pack: filter('gzip', '--stdout', '-1') },
  { name: 'os.img.bz2', pack: filter('bzip2', '--stdout', '-1') },
  { name: 'os.img.zst', pack: filter('zstd', '--stdout', '-1', '--quiet') },
  { name: 'stored.zip', pack: zip('ZIP_STORED') },
  { name: 'deflated.zip', pack: zip('ZIP_DEFLATED') },
  {
    name: 'os.7z',
    pack: (image, archive) => execFileSync(sevenZip ?? '7z', ['a', '-mx=1', archive, image], { stdio: 'ignore' }),
    ...(sevenZip === undefined ? { missing: 'needs 7zip' } : {}),
  },
  {
    name: 'os.simg',
    // With its checksum: without one nothing in the format tells of a flipped bit.
    pack: (image, archive) => writeFileSync(archive, sparseOf(readFileSync(image))),
  },
  { name: 'named-wrongly.gz', pack: (image, archive) => copyFileSync(image, archive) },
];

/** The segments that the store has for its one image, and their digests. */
function segmentsOf(store: string): Buffer {
  const [key = ''] = readdirSync(join(store, 'images'));
  const map = readMap(join(store, 'images', key, 'map'));
  assert.ok(map !== undefined, 'the image is kept');
  return Buffer.from(map.table.entries());
}

test('the same image in every form gives the same segments and the same cards, from files and streams', async (t) => {
  const place = workplace(t, { memoryBytes: 800 * MiB });
  const raw = place.path('raw.img');
  await makePiImage(raw, 'trixie', { bootMb: 36, rootMb: 24, files: true });
  goodSummary(await place.piburn(['burn', raw, place.path('raw.card'), ...yes]));
  const expected = segmentsOf(place.store);
  for (const { name, pack, missing } of forms) {
    await t.test(name, { skip: missing ?? false }, async () => {
      const archive = place.path(name);
      pack(raw, archive);
      rmSync(place.store, { recursive: true });
      const card = place.path('form.card');
      rmSync(card, { force: true });
      goodSummary(await place.piburn(['burn', archive, card, ...yes]));
      assert.ok(segmentsOf(place.store).equals(expected), 'other segments');
      execFileSync('cmp', [raw, card]);
      rmSync(card);
      goodSummary(await place.piburn(['burn', '-', card, ...yes], { stdin: archive }));
      execFileSync('cmp', [raw, card]);
      rmSync(archive);
    });
  }
});

/** A .bmap as bmaptool would write it, of version 2.0, with one range for each run of blocks that are not zero. */
function bmapOf(image: Buffer): string {
  const blockBytes = 4096;
  const blocks = image.length / blockBytes;
  const ranges: string[] = [];
  let mapped = 0;
  for (let first = 0; first < blocks; ) {
    const isUsed = (block: number) =>
      block < blocks && image.subarray(block * blockBytes, (block + 1) * blockBytes).some((byte) => byte !== 0);
    let end = first;
    while (isUsed(end)) end++;
    if (end > first) {
      const digest = createHash('sha256')
        .update(image.subarray(first * blockBytes, end * blockBytes))
        .digest('hex');
      ranges.push(`<Range chksum="${digest}">${first}-${end - 1}</Range>`);
      mapped += end - first;
    }
    first = end + 1;
  }
  const text = (own: string) =>
    `<?xml version="1.0" ?>\n<bmap version="2.0"><ImageSize>${image.length}</ImageSize><BlockSize>${blockBytes}</BlockSize>` +
    `<BlocksCount>${blocks}</BlocksCount><MappedBlocksCount>${mapped}</MappedBlocksCount><ChecksumType>sha256</ChecksumType>` +
    `<BmapFileChecksum>${own}</BmapFileChecksum><BlockMap>${ranges.join('\n')}</BlockMap></bmap>\n`;
  return text(
    createHash('sha256')
      .update(text('0'.repeat(64)))
      .digest('hex'),
  );
}

/** A disk whose one partition holds nothing that piburn understands: some bytes, and zeros between them. */
function strangeDisk(path: string, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = MiB; at < sizeBytes; at += 64 * 1024)
    for (let within = 0; within < 8192; within++) bytes[at + within] = 1 + ((at / 1024 + within * 7) % 250);
  writeFileSync(path, bytes);
  const table = `label: dos\nstart=2048, size=${sizeBytes / 512 - 2048}, type=83\n`;
  execFileSync('sfdisk', ['--quiet', path], { input: table, stdio: 'pipe' });
  return readFileSync(path);
}

test('a .bmap beside an image says what is unused, and its digests are checked', async (t) => {
  const { path, piburn } = workplace(t);
  const bytes = strangeDisk(path('os.img'), 8 * MiB);
  writeFileSync(path('os.img.bmap'), bmapOf(bytes));
  const run = (...args: string[]) => piburn(['burn', path('os.img'), path('card.img'), ...yes, ...args]);
  const [mapped] = goodSummary(await run()).cards;
  execFileSync('cmp', [path('os.img'), path('card.img')]);
  const [whole] = goodSummary(await run('--no-bmap')).cards;
  assert.ok(mapped.skippedBytes > 5 * MiB && whole.skippedBytes < MiB, `${mapped.skippedBytes} ${whole.skippedBytes}`);
  bytes[MiB + 5] = 255;
  writeFileSync(path('os.img'), bytes);
  rmSync(path('card.img'));
  const wrong = await run();
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout + wrong.stderr, /does not match/);
  assert.ok(
    !existsSync(path('card.img')) ||
      readFileSync(path('card.img'))
        .subarray(0, 4096)
        .every((byte) => byte === 0),
  );
});

test('what unpacks to more than it may ends with a sentence, before any card is touched', async (t) => {
  const { path, piburn } = workplace(t);
  strangeDisk(path('os.img'), 24 * MiB);
  for (const { name, pack } of forms.filter(({ missing }) => missing === undefined)) {
    if (name === 'named-wrongly.gz') continue;
    pack(path('os.img'), path(name));
    const ran = await piburn(['burn', path(name), path('card.img'), '--yes', '--max-size=16M']);
    assert.equal(ran.code, 1, name);
    assert.match(ran.stderr, /more than/, name);
    assert.ok(!existsSync(path('card.img')), name);
  }
});

/** A small generator that gives the same numbers every time (Park and Miller). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

function damaged(bytes: Buffer, next: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  if (next(4) === 0) return copy.subarray(0, 1 + next(copy.length - 1));
  for (let flips = 1 + next(3); flips > 0; flips--) {
    const at = next(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << next(8));
  }
  return copy;
}

/** Burns and tells how it ended; only a PiburnError may come out of it. */
async function outcome(place: Workplace, image: string, card: string): Promise<'good' | string> {
  const run = burn({ image, device: card, store: place.store, confirm: async () => true });
  try {
    const { cards, failure } = await run.summary;
    return cards.every((one) => one.outcome === 'good') ? 'good' : (failure?.code ?? 'failed');
  } catch (error) {
    assert.ok(error instanceof PiburnError, String(error));
    assert.notEqual(error.failure.code, 'UNEXPECTED', error.message);
    return error.failure.code;
  }
}

const mutationsPerForm = 20;

test('of 200 damaged archives none brings a wrong byte onto a card, touches a card or leaves anything behind', async (t) => {
  const place = workplace(t);
  const raw = place.path('os.img');
  strangeDisk(raw, 2 * MiB);
  const next = numbers(20261123);
  let tries = 0;
  let refused = 0;
  for (const { name, pack, missing } of forms) {
    if (missing !== undefined || name === 'named-wrongly.gz') continue;
    pack(raw, place.path(name));
    const archive = readFileSync(place.path(name));
    for (let count = 0; count < mutationsPerForm; count++, tries++) {
      const image = place.path(`m${tries}-${basename(name)}`);
      const card = place.path(`m${tries}.card`);
      writeFileSync(image, damaged(archive, next));
      const ended = await outcome(place, image, card);
      if (ended === 'good') execFileSync('cmp', [raw, card]);
      else {
        refused++;
        assert.ok(!existsSync(card), `${image}: ${ended}, but a card was written`);
        assert.deepEqual(readdirSync(join(place.store, 'images')), [], `${image}: ${ended}`);
      }
      for (const path of [image, card, join(place.store, 'images')]) rmSync(path, { recursive: true, force: true });
    }
  }
  assert.ok(tries >= 200 - mutationsPerForm && refused > tries / 2, `${refused} of ${tries}`);
});

test('a stream of an archive that is read from its end leaves nothing in the store', async (t) => {
  const { path, piburn, store } = workplace(t);
  strangeDisk(path('os.img'), 2 * MiB);
  zip('ZIP_DEFLATED')(path('os.img'), path('os.zip'));
  const ran = await piburn(['burn', '-', path('card.img'), ...yes], { stdin: path('os.zip') });
  goodSummary(ran);
  assert.ok(eventsOf(ran).length > 3);
  execFileSync('cmp', [path('os.img'), path('card.img')]);
  assert.deepEqual(readdirSync(join(store, 'images')), []);
});
