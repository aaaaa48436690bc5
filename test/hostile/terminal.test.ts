// Names from outside with escape codes in them: from files, archives, lists, labels of file systems, cards and what is
// remembered. No command prints a character that a terminal would obey or hide, neither as text nor as JSON.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Ran, type Workplace, workplace } from '../e2e/support.js';
import { seedOf } from '../fuzz/seeds.js';
import { without } from '../image/allocation/disk.js';
import { skipForms, zipOf } from '../image/decode/support.js';
import { record } from '../records/samples.js';

/** Red, an 8-bit control sequence, text backwards, a bell, and a title for the window. */
const evil = '\u001b[31mred\u009b31m\u202eabc\u0007\u001b]0;title\u0007';

function assertHarmless({ stdout, stderr }: Ran, what: string): void {
  const printed = stdout + stderr;
  assert.ok(printed.includes('red'), `${what}: the name is shown, or what is wrong with it: ${printed}`);
  const found = /[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u.exec(printed);
  assert.equal(
    found,
    null,
    `${what}: ${JSON.stringify(printed.slice(Math.max(0, (found?.index ?? 0) - 80)).slice(0, 200))}`,
  );
}

async function assertAllHarmless(place: Workplace, commands: readonly (readonly string[])[]): Promise<void> {
  for (const args of commands) assertHarmless(await place.piburn(args), args.join(' '));
}

test('paths, hostlists and words that are typed or pasted', async (t) => {
  const place = workplace(t);
  writeFileSync(place.path('plain.img'), seedOf('disk-bare'));
  await assertAllHarmless(place, [
    ['image', 'info', `red${evil}.img`],
    ['burn', place.path('plain.img'), `/dev/${evil}`, '--yes'],
    ['create', '--image=plain.img', `--device=card[${evil}`, '--hostname=red001', '--yes'],
    ['create', '--image=plain.img', '--device=card', `--hostname=red${evil}`, '--yes'],
    ['ls', `${evil}:boot/`],
    ['check', evil],
    ['history', `--node=${evil}`],
    ['image', 'info', 'plain.img', `--sha256=${evil}`],
    ['slots', 'name', `red=${evil}`],
  ]);
});

test('names in archives, and the name of the archive', { skip: skipForms }, async (t) => {
  const place = workplace(t);
  const image = seedOf('disk-bare');
  for (const [name, entries] of [
    ['two.zip', [`a red ${evil}.img`, `b ${evil}.img`]],
    [`none ${evil}.zip`, [`a ${evil}.txt`]],
    [`one ${evil}.zip`, [`a ${evil}.img`]],
  ] as const) {
    writeFileSync(
      place.path(name),
      zipOf(
        t,
        entries.map((entry) => [entry, image] as const),
      ),
    );
    await assertAllHarmless(place, [['image', 'info', name]]);
  }
  await assertAllHarmless(place, [
    ['image', 'ls'],
    ['image', 'ls', '--json'],
  ]);
});

test('the name of an archive that holds several images', { skip: skipForms }, async (t) => {
  const place = workplace(t);
  const images = ['a.img', 'b.img'].map((name) => [name, seedOf('disk-bare')] as const);
  writeFileSync(place.path(`two ${evil}.zip`), zipOf(t, images));
  await assertAllHarmless(place, [['image', 'info', `two ${evil}.zip`]]);
});

test('keys and values of config files and inventories', async (t) => {
  const place = workplace(t);
  const texts = [
    `${evil}: 1\n`,
    `image: red\n"${evil}": 1\n`,
    `hostname: "red${evil}"\nimage: plain.img\n`,
    `nodes:\n  - hostname: 'red${evil}'\n`,
  ];
  for (const [index, text] of texts.entries()) {
    const name = `red ${index} ${evil}.yaml`;
    writeFileSync(place.path(name), text);
    await assertAllHarmless(place, [['create', `--config=${name}`, '--device=card', '--yes']]);
  }
  writeFileSync(place.path('red.csv'), `host,${evil}\nred${evil},1\n`);
  await assertAllHarmless(place, [['create', '--inventory=red.csv', '--image=plain.img', '--device=card', '--yes']]);
});

test('the list of images', async (t) => {
  const place = workplace(t);
  const item = {
    name: `red ${evil}`,
    description: evil,
    url: 'https://example.org/some-red.img.xz',
    release_date: evil,
  };
  const list = {
    os_list: [item, { name: evil, subitems: [{ ...item, url: `https://example.org/${evil}.img` }] }, { name: evil }],
  };
  writeFileSync(place.path('list.json'), JSON.stringify(list));
  await assertAllHarmless(place, [
    ['image', 'versions', '--repo=list.json'],
    ['image', 'versions', '--repo=list.json', '--json'],
    ['image', 'versions', '--repo=list.json', evil],
    ['image', 'info', `red${evil}`, '--repo=list.json'],
  ]);
});

const needsExt = without('mke2fs', 'sfdisk');

test('labels and file names of a card', { skip: needsExt }, async (t) => {
  const place = workplace(t);
  const card = makeCard(place);
  writeFileSync(place.path('card.img'), card);
  const target = place.path('card.img');
  await assertAllHarmless(place, [
    ['image', 'info', 'card.img'],
    ['image', 'info', 'card.img', '--json'],
    ['check', target],
    ['check', target, '--json'],
    ['ls', `${target}:root/red`],
    ['ls', '--long', `${target}:root/red`],
    ['ls', '--json', '--long', `${target}:root/red`],
    ['cat', `${target}:root/red/${evil}`],
  ]);
});

/** Two partitions, whose labels and names hold what a terminal obeys; ext takes any byte but `/` and NUL in a name. */
function makeCard(place: Workplace): Buffer {
  const tree = place.path('tree');
  mkdirSync(join(tree, 'red', `dir ${evil}`), { recursive: true });
  mkdirSync(join(tree, 'etc'));
  writeFileSync(join(tree, 'red', `file ${evil}`), 'text');
  writeFileSync(join(tree, 'etc', 'os-release'), `ID=debian\nPRETTY_NAME="red ${evil}"\nVERSION_CODENAME=trixie\n`);
  writeFileSync(join(tree, 'etc', 'hostname'), `red${evil}\n`);
  symlinkSync(`to ${evil}`, join(tree, 'red', 'link'));
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  execFileSync(
    'mke2fs',
    ['-q', '-F', '-t', 'ext4', '-L', '\u001b[31mred\u0007', '-d', tree, place.path('root'), '2048'],
    { env },
  );
  const image = Buffer.alloc(4 * 1024 * 1024);
  seedOf('disk-mbr').copy(image, 0, 0, (64 + 1024) * 512);
  readFileSync(place.path('root')).copy(image, 2048 * 512);
  image.fill(0, 446, 510);
  for (const [slot, [type, start, sectors]] of [
    [0x0c, 64, 1024],
    [0x83, 2048, 4096],
  ].entries()) {
    image.writeUInt8(type ?? 0, 446 + slot * 16 + 4);
    image.writeUInt32LE(start ?? 0, 446 + slot * 16 + 8);
    image.writeUInt32LE(sectors ?? 0, 446 + slot * 16 + 12);
  }
  return image;
}

test('what is remembered of burns', async (t) => {
  const place = workplace(t);
  mkdirSync(place.store, { mode: 0o700 });
  const failure = { kind: 'failed', code: 'EIO', message: `red ${evil}`, hint: evil };
  const nasty = {
    ...record,
    hostname: `red${evil}`,
    image: evil,
    readerModel: evil,
    slot: evil,
    outcome: 'failed',
    failure,
  };
  const lines = [nasty, { ...nasty, at: '2026-11-02T10:00:00.000Z' }].map((each) => `${JSON.stringify(each)}\n`);
  writeFileSync(join(place.store, 'history.jsonl'), lines.join(''), { mode: 0o600 });
  await assertAllHarmless(place, [['history'], ['history', '--json'], ['history', '--failed']]);
});
