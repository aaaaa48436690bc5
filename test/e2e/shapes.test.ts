// Images and cards of every shape: odd sizes, other sectors, other partition tables, file systems that are not
// understood, other decoders and streams. What was on the card before shows whether something was left out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makePiImage, type PartitionRange, type PiImageLayout } from '../fixtures/pi-image.js';
import {
  type ByteRange,
  blockBytes,
  compareCards,
  freeOf,
  freeOfFat32,
  isZero,
  makeNoisyCard,
  noiseBlock,
  readRange,
} from './compare-cards.js';
import { attachLoop, goodSummary, isRoot, MiB, planOf, type Workplace, workplace } from './support.js';

const small = { bootMb: 36, rootMb: 24 };

interface Prepared extends Workplace {
  readonly image: string;
  readonly layout: PiImageLayout;
}

/** A workplace with a small image in it. */
async function withImage(t: TestContext): Promise<Prepared> {
  const place = workplace(t, { memoryBytes: 1200 * MiB });
  const image = place.path('pi.img');
  return { ...place, image, layout: await makePiImage(image, 'trixie', small) };
}

const json = ['--json', '--yes'];
const sha256 = (path: string): string => execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
const stamp = (number: number): Buffer => noiseBlock(1_000_000 + number);

/** The card has every used byte of the image and its own noise everywhere else. */
function assertBurned(card: string, image: string, free: readonly ByteRange[]): void {
  const [found] = compareCards([card], image, { free });
  assert.deepEqual({ ...found, kept: 0 }, { changed: [], missed: [], overwritten: [], kept: 0 });
}

for (const extraBytes of [100, 4096 + 512, 3 * MiB + 7])
  test(`an image that is ${extraBytes} bytes longer than whole MiB ends on the card as it ends`, async (t) => {
    const { image, layout, path, piburn } = await withImage(t);
    appendFileSync(image, Buffer.alloc(extraBytes, 0xa7));
    makeNoisyCard(path('old.card'), 80 * MiB);
    goodSummary(await piburn(['burn', image, `${path('new.card')},${path('old.card')}`, ...json]));
    execFileSync('cmp', [image, path('new.card')]);
    assertBurned(path('old.card'), image, freeOf(image, layout));
    assert.equal(statSync(path('old.card')).size, 80 * MiB, 'a file that was there keeps its size');
  });

test('a file that ends within a sector is as long after the burn as it was before', async (t) => {
  const { image, path, piburn } = await withImage(t);
  appendFileSync(image, Buffer.alloc(100, 0xa7));
  const tiny = path('tiny.img');
  writeFileSync(tiny, Buffer.alloc(2 * MiB + 100, 0xa7));
  execFileSync('sfdisk', ['--quiet', tiny], { input: 'label: dos\nstart=2048, size=1024, type=c\n', stdio: 'pipe' });
  for (const source of [image, tiny]) {
    const card = `${source}.card`;
    for (const round of ['made', 'there already']) {
      goodSummary(await piburn(['burn', source, card, ...json]));
      assert.doesNotThrow(() => execFileSync('cmp', [source, card]), round);
    }
  }
});

test('cards as large as the image, and larger, keep what the image does not use', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const { image, layout, path, piburn } = await withImage(t);
  const imageBytes = statSync(image).size;
  const cards = [0, blockBytes, 9 * MiB].map((extraBytes) => {
    makeNoisyCard(path(`${extraBytes}.card`), imageBytes + extraBytes);
    return path(`${extraBytes}.card`);
  });
  const devices = cards.map((card) => attachLoop(t, card)).join(',');
  goodSummary(await piburn(['burn', image, devices, ...json]));
  for (const card of cards) assertBurned(card, image, freeOf(image, layout));
  const number = imageBytes / blockBytes;
  assert.deepEqual(readRange(path(`${9 * MiB}.card`), imageBytes, blockBytes), noiseBlock(number), 'behind the image');
  assert.ok(isZero(readRange(path(`${9 * MiB}.card`), imageBytes + 8 * MiB, blockBytes)), 'the last MiB is wiped');
});

test('an image that is too large for one of the cards is refused before any of them is written', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const { image, path, piburn } = await withImage(t);
  execFileSync('xz', ['-0', '--keep', image]);
  const cards = [path('file.card'), path('loop.card'), path('large.card')];
  makeNoisyCard(path('file.card'), statSync(image).size - 512);
  makeNoisyCard(path('loop.card'), statSync(image).size - blockBytes);
  makeNoisyCard(path('large.card'), statSync(image).size);
  const before = cards.map(sha256);
  const loop = attachLoop(t, path('loop.card'));
  for (const source of [image, `${image}.xz`, '-'])
    for (const target of [path('file.card'), loop]) {
      const stdin = source === '-' ? { stdin: `${image}.xz` } : {};
      const ran = await piburn(['burn', source, `${path('large.card')},${target}`, '--yes'], stdin);
      assert.equal(ran.code, 3, ran.stderr);
      assert.match(ran.stderr, /is too small: it has .*\nNext: /);
    }
  assert.deepEqual(cards.map(sha256), before);
  const ran = await piburn(['burn', image, path('made.card'), '--size=10M', '--yes']);
  assert.equal(ran.code, 3, ran.stderr);
  assert.equal(existsSync(path('made.card')), false, 'no file is left behind');
});

test('cards with sectors of 4096 bytes get the same bytes, and a warning that a Pi may not boot from them', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const { image, layout, path, piburn } = await withImage(t);
  appendFileSync(image, Buffer.alloc(512 + 100, 0xa7));
  makeNoisyCard(path('card'), 80 * MiB);
  const summary = goodSummary(
    await piburn(['burn', image, attachLoop(t, path('card'), ['--sector-size', '4096']), ...json]),
  );
  assertBurned(path('card'), image, freeOf(image, layout));
  assert.match(summary.cards[0].warnings.join(), /sectors of 4096 bytes/);
});

test('--full writes every byte of the image', async (t) => {
  const { image, path, piburn } = await withImage(t);
  appendFileSync(image, Buffer.alloc(1000, 0xa7));
  makeNoisyCard(path('card'), 80 * MiB);
  const { cards } = goodSummary(await piburn(['burn', image, path('card'), '--full', ...json]));
  execFileSync('cmp', ['-n', String(statSync(image).size), image, path('card')]);
  assert.equal(cards[0].writtenBytes, statSync(image).size);
  assert.equal(cards[0].skippedBytes, 0);
});

/** What the kernel counted since the device was made; a loop device may have served others before. */
function writesOf(loop: string): { readonly writes: number; readonly sectors: number } {
  const numbers = readFileSync(`/sys/block/${basename(loop)}/stat`, 'utf8')
    .trim()
    .split(/\s+/)
    .map(Number);
  return { writes: numbers[4] ?? 0, sectors: numbers[6] ?? 0 };
}

for (const [size, requestBytes] of Object.entries({ '64K': 64 * 1024, '1M': MiB }))
  test(`--blocksize=${size} writes the same card in requests of at most ${size}`, async (t) => {
    if (!isRoot) return t.skip('loop devices need root');
    const { image, layout, path, piburn } = await withImage(t);
    makeNoisyCard(path('card'), 80 * MiB);
    const loop = attachLoop(t, path('card'));
    const before = writesOf(loop);
    goodSummary(await piburn(['burn', image, loop, `--blocksize=${size}`, ...json]));
    const after = writesOf(loop);
    assertBurned(path('card'), image, freeOf(image, layout));
    const [writes, sectors] = [after.writes - before.writes, after.sectors - before.sectors];
    assert.ok(writes > 0 && (sectors * 512) / writes <= requestBytes, `${writes} writes of ${sectors} sectors`);
  });

test('--size makes a file of that size, sparse behind the image, and makes a smaller file larger', async (t) => {
  const { image, path, piburn } = await withImage(t);
  writeFileSync(path('short.card'), 'something');
  goodSummary(await piburn(['burn', image, `${path('new.card')},${path('short.card')}`, '--size=300M', ...json]));
  for (const card of [path('new.card'), path('short.card')]) {
    assert.equal(statSync(card).size, 300 * MiB);
    assert.ok(statSync(card).blocks * 512 < 40 * MiB, `${card} is sparse`);
    execFileSync('cmp', ['-n', String(statSync(image).size), image, card]);
    execFileSync('sfdisk', ['--verify', '--quiet', card], { stdio: 'pipe' });
  }
});

/** An image with another partition table around the file systems of the given one. */
function repartition(from: Prepared, to: string, table: string, places: readonly PartitionRange[]): void {
  writeFileSync(to, '');
  truncateSync(to, 72 * MiB);
  execFileSync('sfdisk', ['--quiet', to], { input: table, stdio: 'pipe' });
  for (const [index, { offsetBytes, lengthBytes }] of [from.layout.boot, from.layout.root].entries()) {
    const bytes = readRange(from.image, offsetBytes, lengthBytes);
    writeFileSync(from.path('part'), bytes);
    const seek = `seek=${places[index]?.offsetBytes ?? 0}`;
    execFileSync(
      'dd',
      [`if=${from.path('part')}`, `of=${to}`, 'bs=1M', 'oflag=seek_bytes', seek, 'conv=notrunc,sparse'],
      {
        stdio: 'pipe',
      },
    );
  }
}

const tables = {
  'a GPT': 'label: gpt\nstart=8192, size=73728, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\nstart=90112, size=49152\n',
  'logical partitions in an MBR':
    'label: dos\nstart=8192, size=73728, type=c\nstart=86016, size=57344, type=5\nstart=90112, size=49152, type=83\n',
};
for (const [name, table] of Object.entries(tables))
  test(`an image with ${name} is understood: what its file systems leave free is skipped`, async (t) => {
    const from = await withImage(t);
    const { layout, path, piburn } = from;
    const boot = { ...layout.boot, offsetBytes: 8192 * 512 };
    const root = { ...layout.root, offsetBytes: 90112 * 512 };
    repartition(from, path('other.img'), table, [boot, root]);
    makeNoisyCard(path('card'), 80 * MiB);
    const { cards } = goodSummary(await piburn(['burn', path('other.img'), path('card'), ...json]));
    assertBurned(path('card'), path('other.img'), freeOf(path('other.img'), { boot, root }));
    assert.ok(cards[0].skippedBytes > 45 * MiB, `${cards[0].skippedBytes} bytes were skipped`);
    execFileSync('sfdisk', ['--verify', '--quiet', path('other.img')], { stdio: 'pipe' });
  });

const makeUnsure: Readonly<Record<string, (file: string) => void>> = {
  'needs its journal replayed': (file) =>
    void execFileSync('debugfs', ['-w', '-R', 'feature needs_recovery', file], { stdio: 'pipe' }),
  'is bigalloc': (file) => {
    const options = ['-q', '-F', '-t', 'ext4', '-O', 'bigalloc', '-C', '65536', '-E', 'nodiscard'];
    execFileSync('mke2fs', [...options, file], { stdio: 'pipe' });
  },
};
for (const [name, change] of Object.entries(makeUnsure))
  test(`an ext4 that ${name} is written whole, free blocks included`, async (t) => {
    const { image, layout, path, piburn } = await withImage(t);
    const { offsetBytes, lengthBytes } = layout.root;
    writeFileSync(path('root'), readRange(image, offsetBytes, lengthBytes));
    change(path('root'));
    truncateSync(image, offsetBytes);
    appendFileSync(image, readFileSync(path('root')));
    makeNoisyCard(path('card'), 80 * MiB);
    goodSummary(await piburn(['burn', image, path('card'), ...json]));
    assertBurned(path('card'), image, freeOfFat32(image, layout.boot));
    execFileSync('cmp', [`--ignore-initial=${offsetBytes}`, `--bytes=${lengthBytes}`, image, path('card')]);
  });

test('what an image uses is zero on the card where it is zero in the image', async (t) => {
  const { image, layout, path, piburn } = await withImage(t);
  const commands = 'write /dev/null zeros\nfallocate zeros 0 1023\n';
  execFileSync('debugfs', ['-w', '-f', '-', `${image}?offset=${layout.root.offsetBytes}`], {
    input: commands,
    stdio: 'pipe',
  });
  const free = freeOf(image, layout);
  const unused = free.reduce((sum, { startBytes, endBytes }) => sum + endBytes - startBytes, 0);
  makeNoisyCard(path('card'), 80 * MiB);
  const { cards } = goodSummary(await piburn(['burn', image, path('card'), ...json]));
  assertBurned(path('card'), image, free);
  assert.ok(cards[0].skippedBytes <= unused, 'the zeros of the file count as used');
});

test('both decoders, files and streams, in one block or many, give the same card', async (t) => {
  const { image, path, piburn } = await withImage(t);
  appendFileSync(image, Buffer.concat(Array.from({ length: 300 }, (_, number) => stamp(number))).subarray(0, -1000));
  const xz = (args: readonly string[], input: string): Buffer =>
    execFileSync('xz', ['--stdout', '-1', ...args, input], { maxBuffer: 256 * MiB });
  writeFileSync(path('one.xz'), xz(['--threads=1'], image));
  writeFileSync(path('blocks.xz'), xz(['--block-size=1MiB', '--check=sha256'], image));
  const half = 33 * MiB + 12345;
  copyFileSync(image, path('head'));
  truncateSync(path('head'), half);
  writeFileSync(path('tail'), readFileSync(image).subarray(half));
  const padding = Buffer.alloc(8);
  writeFileSync(
    path('streams.xz'),
    Buffer.concat([xz([], path('head')), padding, xz(['--check=none'], path('tail')), padding]),
  );
  const card = path('card');
  const wanted = sha256(image);
  const burn = async (source: string, args: readonly string[], stdin?: string) => {
    rmSync(card, { force: true });
    const ran = await piburn(['burn', source, card, ...args, ...json], stdin === undefined ? {} : { stdin });
    goodSummary(ran);
    assert.equal(sha256(card), wanted, `${stdin ?? source} ${args}`);
    assert.equal(planOf(ran).image.sizeBytes, statSync(image).size);
  };
  for (const decoder of ['--decoder=xz', '--decoder=lzma-native']) {
    for (const name of ['one.xz', 'blocks.xz', 'streams.xz'])
      await burn(path(name), [decoder, `--store=${path(decoder)}`]);
    await burn('-', [decoder], path('streams.xz'));
  }
  await burn(image, []);
  await burn('-', [], image);
  assert.deepEqual(
    readdirSync(`${path('store')}/images`).filter((name) => name.startsWith('stream')),
    [],
    'no stream is kept',
  );
});
