// Every card its own: names, addresses, keys, user and password on cards of each release, read back by mtools, and
// nothing else on them touched.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makePiImage, type PiImageKind, type PiImageLayout } from '../fixtures/pi-image.js';
import { compareCards, freeOf, makeNoisyCard } from './compare-cards.js';
import {
  bootFile,
  checkFileSystems,
  goodSummary,
  MiB,
  mtoolsEnv,
  planOf,
  type Workplace,
  workplace,
} from './support.js';

const small = { bootMb: 36, rootMb: 24 };
const password = 'correct horse';
const json = ['--json', '--yes'];

/** A public key made for the test, as a file; returns its line. */
function makeKey(place: Workplace, name: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@laptop`, '-f', place.path(name)]);
  return readFileSync(place.path(`${name}.pub`), 'utf8').trim();
}

/** All files of the boot partition, as mtools copies them out. */
function bootTree(place: Workplace, card: string, { boot }: PiImageLayout): ReadonlyMap<string, string> {
  const directory = place.path('tree');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  execFileSync('mcopy', ['-s', '-n', '-i', `${card}@@${boot.offsetBytes}`, '::*', directory], { env: mtoolsEnv });
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
  return new Map(files.map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

/** The names of the files in which two trees differ. */
const differing = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).sort();

interface Release {
  readonly flavour: string;
  readonly files: readonly string[];
  /** What one card's files must say. */
  check(read: (name: string) => string, index: number, keys: readonly string[]): void;
}

/** The one crypt(3) hash in a text, which openssl makes of the same password and salt. */
function assertHash(text: string): void {
  const [hash = '', salt = ''] = /\$6\$([^$]+)\$[A-Za-z0-9./]{86}/.exec(text) ?? [];
  assert.equal(execFileSync('openssl', ['passwd', '-6', '-salt', salt, password], { encoding: 'utf8' }).trim(), hash);
}

const firstrun = (bootMount: string): Release => ({
  flavour: 'firstrun',
  files: ['cmdline.txt', 'firstrun.sh'],
  check(read, index, keys) {
    const script = read('firstrun.sh');
    const has = (line: string) => assert.ok(script.split('\n').includes(line), `${line}\n\nis not in\n\n${script}`);
    has(`set_hostname 'red00${index + 1}'`);
    has(`address1=10.1.1.${index + 2}/24,10.1.1.1`);
    has(`static ip_address=10.1.1.${index + 2}/24`);
    has(`authorize_keys ${keys.map((key) => `'${key}'`).join(' ')}`);
    has('dns=9.9.9.9;');
    assert.match(script, /^rename_user 'alice' '\$6\$/m);
    assertHash(script);
    execFileSync('sh', ['-n'], { input: script });
    assert.match(read('cmdline.txt'), new RegExp(` systemd\\.run=${bootMount}/firstrun\\.sh [^\\n]*\\n$`));
  },
});

const releases: Readonly<Record<PiImageKind, Release>> = {
  trixie: {
    flavour: 'cloudinit',
    files: ['cmdline.txt', 'meta-data', 'network-config', 'ssh', 'user-data'],
    check(read, index, keys) {
      const userData = read('user-data');
      assert.match(userData, /^#cloud-config\n/);
      assert.match(userData, new RegExp(`^hostname: "red00${index + 1}"$`, 'm'));
      assert.match(userData, /^ {2}name: "alice"$/m);
      for (const key of keys) assert.ok(userData.includes(`- "${key}"\n`), key);
      assertHash(userData);
      const network = read('network-config');
      for (const text of [`- "10.1.1.${index + 2}/24"`, 'via: "10.1.1.1"', '- "9.9.9.9"', 'dhcp4: false'])
        assert.ok(network.includes(text), `${text}\n\nis not in\n\n${network}`);
      const id = /^instance-id: "(.+)"$/m.exec(read('meta-data'))?.[1] ?? '';
      assert.match(id, new RegExp(`red00${index + 1}`));
      assert.ok(read('cmdline.txt').endsWith(` ds=nocloud;i=${id}\n`));
    },
  },
  bookworm: firstrun('/boot/firmware'),
  bullseye: firstrun('/boot'),
};

for (const [kind, release] of Object.entries(releases) as [PiImageKind, Release][])
  test(`three cards of ${kind} have their own names, addresses, keys and user, and nothing else changed`, async (t) => {
    const place = workplace(t, { memoryBytes: 800 * MiB });
    const image = place.path('pi.img');
    const layout = await makePiImage(image, kind, small);
    const keys = [makeKey(place, 'first'), makeKey(place, 'second')];
    const order = [`--image=${image}`, `--device=${place.path('red00[1-3].card')}`, '--hostname=red00[1-3]'];
    const net = ['--ipaddr=10.1.1.[2-4]', '--gateway=10.1.1.1', '--dns=9.9.9.9'];
    const who = ['--user=alice', `--sshkey=${place.path('first.pub')}`, `--sshkey=${place.path('second')}`];
    const cards = [1, 2, 3].map((number) => place.path(`red00${number}.card`));
    for (const card of cards) makeNoisyCard(card, 80 * MiB);

    const ran = await place.piburn(['create', ...order, ...net, ...who, ...json], { env: { PASSWD: password } });
    goodSummary(ran);
    assert.equal(planOf(ran).image.flavour, release.flavour);
    assert.ok(![ran.stdout, ran.stderr].some((text) => text.includes(password) || text.includes('$6$')), 'no secret');
    const before = bootTree(place, image, layout);
    for (const [index, card] of cards.entries()) {
      release.check((name) => bootFile(card, layout, name), index, keys);
      assert.deepEqual(differing(before, bootTree(place, card, layout)), release.files);
      assertOnlyBootChanged(card, image, layout);
      checkFileSystems(t, card, layout);
    }
  });

function assertOnlyBootChanged(card: string, image: string, layout: PiImageLayout): void {
  const [found] = compareCards([card], image, { free: freeOf(image, layout) });
  assert.deepEqual(found?.missed, []);
  const patched = [...(found?.changed ?? []), ...(found?.overwritten ?? [])];
  assert.ok(patched.length > 0 && patched.length < 60, `${patched.length} blocks differ`);
  assert.ok(patched.every((offset) => offset >= layout.boot.offsetBytes && offset < layout.root.offsetBytes));
}

test('a host name alone changes no network, no user and no password', async (t) => {
  const place = workplace(t);
  const layout = await makePiImage(place.path('pi.img'), 'trixie', small);
  const card = place.path('blue.card');
  goodSummary(
    await place.piburn(['create', `--image=${place.path('pi.img')}`, '--hostname=blue', ...json], {
      env: { DEV: card },
    }),
  );
  assert.match(bootFile(card, layout, 'user-data'), /^hostname: "blue"$/m);
  assert.doesNotMatch(bootFile(card, layout, 'user-data'), /user:|passwd|keys/);
  const unchanged = bootFile(place.path('pi.img'), layout, 'network-config');
  assert.equal(bootFile(card, layout, 'network-config'), unchanged);
});

test('a card that has been burned for one node gets the settings of the next node and none of the first', async (t) => {
  const place = workplace(t);
  const layout = await makePiImage(place.path('pi.img'), 'bookworm', small);
  const card = place.path('card');
  const order = ['create', `--image=${place.path('pi.img')}`, `--device=${card}`, ...json];
  goodSummary(await place.piburn([...order, '--hostname=first', '--ipaddr=10.9.9.9', '--dns=9.9.9.9']));
  goodSummary(await place.piburn([...order, '--hostname=second']));
  assert.match(bootFile(card, layout, 'firstrun.sh'), /^set_hostname 'second'$/m);
  assert.doesNotMatch(bootFile(card, layout, 'firstrun.sh'), /10\.9\.9\.9|9\.9\.9\.9/);
});

test('DEV in the environment is the target of burn, and the image alone is on the card afterwards', async (t: TestContext) => {
  const place = workplace(t);
  const image = place.path('pi.img');
  const layout = await makePiImage(image, 'trixie', small);
  const cards = [place.path('1.card'), place.path('2.card')];
  makeNoisyCard(place.path('2.card'), statSync(image).size);
  goodSummary(await place.piburn(['burn', image, ...json], { env: { DEV: cards.join(',') } }));
  execFileSync('cmp', [image, place.path('1.card')]);
  const [found] = compareCards([place.path('2.card')], image, { free: freeOf(image, layout) });
  assert.deepEqual({ ...found, kept: 0 }, { changed: [], missed: [], overwritten: [], kept: 0 });
});

test('the key called default is the one under ~/.ssh, and pi is the user when none is named', async (t) => {
  const place = workplace(t);
  const layout = await makePiImage(place.path('pi.img'), 'trixie', small);
  const key = makeKey(place, 'mine');
  mkdirSync(place.path('home/.ssh'));
  cpSync(place.path('mine.pub'), place.path('home/.ssh/id_ed25519.pub'));
  writeFileSync(place.path('home/.ssh/id_rsa.pub'), 'not looked at');
  const card = place.path('card');
  const order = [`--image=${place.path('pi.img')}`, `--device=${card}`, '--hostname=red', '--sshkey=default'];
  goodSummary(await place.piburn(['create', ...order, ...json]));
  const userData = bootFile(card, layout, 'user-data');
  assert.match(userData, /^ {2}name: "pi"$/m);
  assert.ok(userData.includes(key), userData);
  assert.match(userData, /lock_passwd: true/);
});
