// The main job on six loop devices at once: one compressed image, six identities, decoded once, every used byte in its
// place and every unused one left alone. The image has 1 GiB (2 GiB took a minute to compress on a small CI machine).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { makePiImage, type PiImageLayout } from '../fixtures/pi-image.js';
import { blockBytes, compareCards, freeOf, makeNoisyCard } from './compare-cards.js';
import {
  attachLoop,
  bootFile,
  checkFileSystems,
  goodSummary,
  isRoot,
  MiB,
  type Workplace,
  workplace,
} from './support.js';

const count = 6;
const names = Array.from({ length: count }, (_, index) => `red00${index + 1}`);
/** Writing noise everywhere would take longer than the test itself: one block of 16 KiB tells as much. */
const every = 4;

test('six cards from one .img.xz get six identities, and everything else of the image', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const place = workplace(t, { memoryBytes: 6000 * MiB });
  const image = place.path('pi.img');
  const layout = await makeLargeImage(place, image);
  execFileSync('xz', ['-0', '--threads=0', '--keep', image]);
  const cards = names.map((name) => place.path(`${name}.card`));
  for (const card of cards) makeNoisyCard(card, statSync(image).size + 8 * MiB, every);
  const loops = cards.map((card) => attachLoop(t, card));
  const counting = countXz(place);
  const order = ['create', `--image=${image}.xz`, `--device=${loops.join(',')}`, `--hostname=red[001-00${count}]`];
  const options = ['--ipaddr=10.1.1.[2-7]/24', '--yes', '--json', '--decoder=xz'];

  const summary = goodSummary(await place.piburn([...order, ...options], { env: counting.env }));
  assert.equal(summary.decodes, 1);
  assert.equal(summary.good, count);
  const logged = counting.log();
  assert.equal(logged.match(/--decompress/g)?.length, 1, 'one xz for six cards');
  assert.deepEqual(
    summary.cards.map(({ device, hostname, address }) => [device, hostname, address]),
    loops.map((loop, index) => [loop, names[index], `10.1.1.${index + 2}/24`]),
  );
  const free = freeOf(image, layout);
  assert.ok(sum(free.map((range) => range.endBytes - range.startBytes)) > 0.35 * statSync(image).size);
  for (const [index, found] of compareCards(cards, image, { free, every }).entries()) {
    const card = cards[index] ?? '';
    assert.deepEqual(found.missed, [], `${card} has all that the image uses`);
    assert.ok(found.kept * every * blockBytes > 0.35 * statSync(image).size, `${found.kept} unused blocks untouched`);
    const patched = [...found.changed, ...found.overwritten];
    assert.ok(patched.length > 0 && patched.length < 100, `${patched.length} blocks for the settings`);
    assert.ok(patched.every((offset) => offset >= layout.boot.offsetBytes && offset < layout.root.offsetBytes));
    assert.match(bootFile(card, layout, 'user-data'), new RegExp(`hostname: "${names[index]}"`));
    assert.match(bootFile(card, layout, 'network-config'), new RegExp(`"10\\.1\\.1\\.${index + 2}/24"`));
    checkFileSystems(t, card, layout);
  }

  const again = goodSummary(await place.piburn([...order, ...options], { env: counting.env }));
  assert.equal(again.decodes, 0);
  assert.equal(again.good, count);
  assert.equal(counting.log(), logged, 'no xz for the second run');
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** 576 MiB of files in which no two blocks are the same; over 40 % of the image stays unused. */
async function makeLargeImage(place: Workplace, image: string): Promise<PiImageLayout> {
  const layout = await makePiImage(image, 'trixie', { bootMb: 256, rootMb: 760 });
  const payload = place.path('payload');
  writeRepetitive(payload, 48 * MiB);
  const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
  const commands = numbers.map((number) => `write ${payload} file-${number}`).join('\n');
  execFileSync('debugfs', ['-w', '-f', '-', `${image}?offset=${layout.root.offsetBytes}`], {
    input: `${commands}\n`,
    stdio: 'pipe',
  });
  return layout;
}

function writeRepetitive(path: string, sizeBytes: number): void {
  const part = Buffer.alloc(MiB, 'a line of a file that compresses well\n');
  const file = openSync(path, 'w');
  for (let offset = 0; offset < sizeBytes; offset += MiB) {
    for (let at = 0; at < MiB; at += blockBytes) part.writeUInt32LE((offset + at) / blockBytes, at);
    writeSync(file, part);
  }
  closeSync(file);
}

/** An `xz` before the real one in PATH, which notes how it is called. */
function countXz(place: Workplace): { readonly env: Readonly<Record<string, string>>; log(): string } {
  const directory = place.path('bin');
  const log = place.path('xz.log');
  const real = execFileSync('sh', ['-c', 'command -v xz'], { encoding: 'utf8' }).trim();
  mkdirSync(directory);
  writeFileSync(log, '');
  writeFileSync(`${directory}/xz`, `#!/bin/sh\necho "$*" >>'${log}'\nexec '${real}' "$@"\n`);
  chmodSync(`${directory}/xz`, 0o755);
  // Decoders run as nobody.
  chmodSync(place.directory, 0o711);
  chmodSync(log, 0o666);
  return { env: { PATH: `${directory}:${process.env['PATH'] ?? ''}` }, log: () => readFileSync(log, 'utf8') };
}
