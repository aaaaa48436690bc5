// The small commands on real cards: what create has put there is read back, changed, and looked at by mtools, fsck.vfat
// and debugfs. On files, on a loop device, and on a folder where the files lie as if mounted.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { CardChange, CardEntry, CardFacts } from '../../src/protocol.js';
import { makePiImage, type PiImageKind, type PiImageLayout } from '../fixtures/pi-image.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';
import { bootFile, checkFileSystems, isRoot, mtoolsEnv, type Ran, type Workplace, workplace } from './support.js';

const small = { bootMb: 36, rootMb: 24 };

interface Card {
  readonly place: Workplace;
  readonly layout: PiImageLayout;
  readonly path: string;
}

const jsonOf = <T>(ran: Ran): T => {
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
};

function makeKey(folder: string, name: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@laptop`, '-f', join(folder, name)]);
}

const fingerprint = (file: string): string =>
  execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? '';

interface Burned {
  readonly folder: string;
  readonly layout: PiImageLayout;
}

/** Each release is burned once, and every test gets copies. */
const burned = new Map<PiImageKind, Promise<Burned>>();
const shared = mkdtempSync(join(tmpdir(), 'piburn-cards-'));
after(() => rmSync(shared, { recursive: true, force: true }));

async function burnOnce(kind: PiImageKind, { piburn }: Workplace): Promise<Burned> {
  const folder = join(shared, kind);
  mkdirSync(folder);
  const at = (name: string) => join(folder, name);
  const layout = await makePiImage(at('pi.img'), kind, small);
  makeKey(folder, 'ann');
  const cards = [`--image=${at('pi.img')}`, `--device=${at('red[001-002].img')}`, '--hostname=red[001-002]'];
  const network = ['--ipaddr=10.1.1.[2-3]/24', '--gateway=10.1.1.1', '--dns=10.1.1.1', '--dns=9.9.9.9'];
  const radio = ['--ssid=My Net', '--wifipassword=geheim123', '--country=DE'];
  const user = ['--user=ann', '--passwd=correct horse', `--sshkey=${at('ann.pub')}`];
  const region = ['--locale=en_GB.UTF-8', '--timezone=Europe/London', '--keymap=de(nodeadkeys)'];
  const how = ['--yes', `--report=${at('report.json')}`];
  const ran = await piburn(['create', ...cards, ...network, ...radio, ...user, ...region, ...how]);
  assert.equal(ran.code, 0, ran.stderr);
  return { folder, layout };
}

/** A card file with red001's settings, the key that logs in to it, and the report of its burn. */
async function burn(t: TestContext, kind: PiImageKind): Promise<Card> {
  const place = workplace(t);
  const known = burned.get(kind) ?? burnOnce(kind, place);
  burned.set(kind, known);
  const { folder, layout } = await known;
  for (const name of ['red001.img', 'report.json', 'ann.pub'])
    execFileSync('cp', ['--sparse=always', join(folder, name), place.path(name)]);
  return { place, layout, path: place.path('red001.img') };
}

const check = async ({ place, path }: Card): Promise<CardFacts> =>
  jsonOf<CardFacts>(await place.piburn(['check', path, '--json']));

const kinds: readonly (readonly [PiImageKind, string, string])[] = [
  ['trixie', 'cloudinit', '/boot/firmware'],
  ['bookworm', 'firstrun', '/boot/firmware'],
  ['bullseye', 'firstrun', '/boot'],
];

for (const [kind, flavour, bootMount] of kinds) {
  test(`${kind}: check says what was asked for, and each command changes that one thing`, async (t) => {
    const card = await burn(t, kind);
    const { place, layout, path } = card;
    const run = async (...words: string[]): Promise<CardChange> =>
      jsonOf<CardChange>(await place.piburn([...words, '--json']));
    const before = await check(card);
    const { target: _, flavourReason: __, keys, burned: made, os, release, ...said } = before;
    assert.deepEqual(said, {
      ...{ version: 1, type: 'card', kind: 'file', flavour, origin: 'piburn', foreignFiles: [], waiting: true },
      ...{ booted: false, hostname: 'red001', interface: 'eth0', addresses: ['10.1.1.2/24'], gateway: '10.1.1.1' },
      ...{ dns: ['10.1.1.1', '9.9.9.9'], search: [], user: 'ann', password: 'set', country: 'DE' },
      ...{ wifi: { ssid: 'My Net', hidden: false, secured: true }, locale: 'en_GB.UTF-8', timezone: 'Europe/London' },
      ...{ keymap: 'de(nodeadkeys)', clusterHosts: 1, firstboot: false, notes: [] },
    });
    assert.deepEqual(
      keys.map((key) => [key.fingerprint, key.comment]),
      [[fingerprint(place.path('ann.pub')), 'ann@laptop']],
    );
    assert.ok(os?.includes(kind) && release !== undefined && made !== undefined);

    const other = bootFile(path, layout, 'config.txt');
    await run('set', 'host', 'blue7', path);
    await run('set', 'ip', '10.1.1.77', path);
    makeKey(place.directory, 'bob');
    await run('set', 'key', './bob.pub', path);
    await run('wifi', 'Café "5"', 'geheim1234', path, '--country=FR');
    const now = await check(card);
    assert.deepEqual(pick(now, before), {
      hostname: 'blue7',
      addresses: ['10.1.1.77/24'],
      keys: [
        ...before.keys,
        { type: 'ssh-ed25519', fingerprint: fingerprint(place.path('bob.pub')), comment: 'bob@laptop' },
      ],
      wifi: { ssid: 'Café "5"', hidden: false, secured: true },
      country: 'FR',
    });
    checkFileSystems(t, path, layout);
    assert.equal(bootFile(path, layout, 'config.txt'), other);
    const files = flavour === 'cloudinit' ? ['user-data', 'network-config', 'meta-data'] : ['firstrun.sh'];
    const texts = files.map((name) => bootFile(path, layout, name)).join('\n');
    for (const word of ['blue7', '10.1.1.77/24', 'bob@laptop', 'Europe/London']) assert.ok(texts.includes(word), word);
    for (const word of ['red001', '10.1.1.2/24', 'geheim']) assert.ok(!texts.includes(word), word);
    assert.match(bootFile(path, layout, 'cmdline.txt'), /regdom=FR/);
    const { stdout } = await place.piburn(['cat', `${path}:${bootMount}/cmdline.txt`]);
    assert.equal(stdout, bootFile(path, layout, 'cmdline.txt'));
  });
}

/** The fields of the first that the second has otherwise; when it was burned is always another. */
const pick = (after: CardFacts, before: CardFacts) =>
  Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) => key !== 'burned' && JSON.stringify(value) !== JSON.stringify(before[key as keyof CardFacts]),
    ),
  );

test('a change gives cloud-init a new instance, and a dry run writes nothing and shows no secret', async (t) => {
  const card = await burn(t, 'trixie');
  const { place, path, layout } = card;
  const bytes = readFileSync(path);
  const dry = await place.piburn(['set', 'host', 'blue7', path, '--dryrun']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /host name: red001 -> blue7/);
  assert.match(dry.stdout, /hostname: "blue7"/);
  assert.match(dry.stdout, /dry run/);
  assert.doesNotMatch(dry.stdout, /\$6\$|geheim/);
  assert.ok(bytes.equals(readFileSync(path)));
  const idOf = () => /instance-id: "(.*)"/.exec(bootFile(path, layout, 'meta-data'))?.[1];
  const before = idOf();
  assert.equal((await place.piburn(['set', 'host', 'red001', path])).code, 0);
  assert.ok(idOf() !== before && idOf()?.startsWith('piburn-red001-'));
  assert.ok(bootFile(path, layout, 'cmdline.txt').includes(`i=${idOf()}`));
});

test('check --against a report says in what a card differs, by its exit code too', async (t) => {
  const { place, path } = await burn(t, 'trixie');
  const against = () => place.piburn(['check', path, '--against', 'report.json']);
  const same = await against();
  assert.deepEqual([same.code, /as report.json says/.test(same.stdout)], [0, true]);
  await place.piburn(['set', 'ip', '10.1.1.9', path]);
  const moved = await against();
  assert.equal(moved.code, 1);
  assert.match(moved.stdout, /the address is 10\.1\.1\.9\/24; report.json says 10\.1\.1\.2\/24/);
  await place.piburn(['set', 'host', 'green', path]);
  assert.equal((await against()).code, 1);
  assert.equal((await place.piburn(['check', path, '--against', 'ann.pub'])).code, 2);
});

test('enable ssh and settings go onto an image that has none, with a word about it', async (t) => {
  const place = workplace(t);
  const layout = await makePiImage(place.path('pi.img'), 'bookworm', small);
  const ssh = await place.piburn(['enable', 'ssh', 'pi.img']);
  assert.deepEqual([ssh.code, /was an image without settings/.test(ssh.stdout)], [0, true], ssh.stderr);
  assert.equal(bootFile(place.path('pi.img'), layout, 'ssh'), '');
  assert.match((await place.piburn(['enable', 'ssh', 'pi.img'])).stdout, /Nothing is to be changed/);
  const open = await place.piburn(['wifi', 'Open Net', 'pi.img', '--open']);
  assert.equal(open.code, 0, open.stderr);
  const facts = jsonOf<CardFacts>(await place.piburn(['check', 'pi.img', '--json']));
  assert.deepEqual(facts.wifi, { ssid: 'Open Net', hidden: false, secured: false });
  checkFileSystems(t, place.path('pi.img'), layout);
});

test('what others have written is not written over', async (t) => {
  const place = workplace(t);
  const { boot } = await makePiImage(place.path('pi.img'), 'trixie', small);
  writeFileSync(place.path('mine'), '#cloud-config\nhostname: mine\npackages: [vim]\n');
  const copy = ['-o', '-i', `${place.path('pi.img')}@@${boot.offsetBytes}`, place.path('mine'), '::user-data'];
  execFileSync('mcopy', copy, { env: mtoolsEnv });
  const bytes = readFileSync(place.path('pi.img'));
  for (const words of [
    ['set', 'host', 'x'],
    ['set', 'ip', '10.0.0.2'],
    ['wifi', 'net', 'geheim123'],
  ]) {
    const ran = await place.piburn([...words, 'pi.img']);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /user-data on the boot partition .* not made by this piburn/);
    assert.match(ran.stderr, /piburn cat pi\.img:boot\/user-data/);
  }
  assert.ok(bytes.equals(readFileSync(place.path('pi.img'))));
  const facts = jsonOf<CardFacts>(await place.piburn(['check', 'pi.img', '--json']));
  assert.deepEqual([facts.origin, facts.foreignFiles, facts.hostname], ['others', ['user-data'], 'mine']);
});

test('ls and cat show the same as mtools and debugfs', async (t) => {
  const place = workplace(t);
  const { boot, root } = await makePiImage(place.path('pi:1.img'), 'bookworm', small);
  const image = place.path('pi:1.img');
  const list = async (path: string) =>
    jsonOf<{ entries: CardEntry[] }>(await place.piburn(['ls', `${image}:${path}`, '--json'])).entries;
  const names = (entries: readonly CardEntry[]) => entries.map(({ name }) => name);
  const mdir = execFileSync('mdir', ['-b', '-i', `${image}@@${boot.offsetBytes}`, '::'], {
    encoding: 'utf8',
    env: mtoolsEnv,
  });
  const seen = mdir
    .trim()
    .split('\n')
    .map((line) => line.replace(/^::\/|\/$/g, ''));
  assert.deepEqual(names(await list('boot')), seen.sort());
  assert.deepEqual(names(await list('/boot/firmware')), seen);
  const debugfs = (command: string) =>
    execFileSync('debugfs', ['-R', command, `${image}?offset=${root.offsetBytes}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const inEtc = debugfs('ls -p /etc')
    .toString()
    .split('\n')
    .map((line) => line.split('/')[5] ?? '');
  assert.deepEqual(names(await list('root/etc')), inEtc.filter((name) => !['', '.', '..'].includes(name)).sort());
  const link = (await list('/etc')).find(({ name }) => name === 'os-release');
  assert.deepEqual([link?.kind, link?.target], ['symlink', '../usr/lib/os-release']);
  assert.equal(
    (await place.piburn(['cat', `${image}:/etc/os-release`])).stdout,
    debugfs('cat /usr/lib/os-release').toString(),
  );
  writeFileSync(place.path('out'), '');
  const shell = `"$0" "$1" cat "$2:root/usr/bin/program" >"$3"`;
  execFileSync('sh', ['-c', shell, process.execPath, programPath, image, place.path('out')]);
  assert.ok(readFileSync(place.path('out')).equals(debugfs('cat /usr/bin/program')));
  const long = await place.piburn(['ls', '-l', `${image}:root/usr/bin/program`]);
  assert.match(long.stdout, /^-rw-r--r-- 0:0 8000 .* program\n$/);
  for (const [words, code, message] of [
    [['cat', `${image}:root/etc/nothing`], 1, /there is no .*root\/etc\/nothing/],
    [['cat', `${image}:root/etc`], 1, /is no file/],
    [['ls', 'nothing.img:boot'], 1, /there is no nothing.img/],
    [['cat', ':boot/x'], 2, /names no card/],
  ] as const) {
    const ran = await place.piburn(words);
    assert.deepEqual([ran.code, message.test(ran.stderr)], [code, true], ran.stderr);
  }
});

test('packed files, other files and other systems are refused with what to do', async (t) => {
  const place = workplace(t);
  const { boot } = await makePiImage(place.path('pi.img'), 'bookworm', small);
  execFileSync('gzip', ['-k', place.path('pi.img')]);
  writeFileSync(place.path('text'), 'x'.repeat(4096));
  const refused = async (words: readonly string[], pattern: RegExp) => {
    const ran = await place.piburn(words);
    assert.ok(ran.code !== 0 && pattern.test(ran.stderr), `${words.join(' ')}: ${ran.stderr}`);
    assert.match(ran.stderr, /Next: /);
  };
  await refused(['check', 'pi.img.gz'], /is packed \(gzip\)/);
  await refused(['set', 'host', 'x', 'pi.img.gz'], /is packed \(gzip\)/);
  await refused(['check', 'text'], /no FAT boot partition/);
  await refused(['set', 'host', 'x'], /no card was named/);
  await refused(['wifi', 'net', 'pi.img'], /there is no terminal/);
  await refused(['set', 'ip', '10.1.2.3', 'pi.img', '--gateway=10.9.9.9'], /not in the net/);
  await refused(['set', 'host', 'x', '/'], /running system/);
  writeFileSync(place.path('dietpi.txt'), '');
  const copy = ['-i', `${place.path('pi.img')}@@${boot.offsetBytes}`, place.path('dietpi.txt'), '::'];
  execFileSync('mcopy', copy, { env: mtoolsEnv });
  await refused(['set', 'host', 'x', 'pi.img'], /takes no settings .* DietPi/);
});

test('a card that was pulled without being unmounted can be looked at, and is not written to', async (t) => {
  const { place, path, layout } = await burn(t, 'trixie');
  const bytes = readFileSync(path);
  bytes[layout.boot.offsetBytes + 0x41] = 1;
  writeFileSync(path, bytes);
  const facts = jsonOf<CardFacts>(await place.piburn(['check', path, '--json']));
  assert.deepEqual([facts.hostname, facts.notes.length], ['red001', 1]);
  const ran = await place.piburn(['set', 'host', 'x', path]);
  assert.deepEqual([ran.code, /was not unmounted/.test(ran.stderr)], [1, true]);
  assert.ok(bytes.equals(readFileSync(path)));
});

test('a folder where the boot partition is mounted does as well, and links on it lead nowhere', async (t) => {
  const { place, path, layout } = await burn(t, 'bookworm');
  const folder = place.path('card/boot/firmware');
  mkdirSync(folder, { recursive: true });
  const copy = ['-s', '-n', '-i', `${path}@@${layout.boot.offsetBytes}`, '::*', folder];
  execFileSync('mcopy', copy, { env: mtoolsEnv });
  for (const target of ['card', 'card/boot/firmware']) {
    const ran = await place.piburn(['set', 'host', `at-${target.length}`, target]);
    assert.equal(ran.code, 0, ran.stderr);
    const facts = jsonOf<CardFacts>(await place.piburn(['check', target, '--json']));
    assert.deepEqual([facts.kind, facts.hostname, facts.origin], ['folder', `at-${target.length}`, 'piburn']);
    assert.ok(readFileSync(`${folder}/firstrun.sh`, 'utf8').includes(`set_hostname 'at-${target.length}'`));
  }
  writeFileSync(place.path('precious'), 'mine\n');
  symlinkSync(place.path('precious'), `${folder}/ssh`);
  assert.equal((await place.piburn(['enable', 'ssh', 'card'])).code, 0);
  assert.equal(readFileSync(place.path('precious'), 'utf8'), 'mine\n');
  assert.equal((await place.piburn(['check', '.'])).code, 1);
});

const withLoop = { skip: isRoot ? false : 'needs root for loop devices' };

test('a device is changed like a file, and refused while something uses it', withLoop, async (t) => {
  const card = await burn(t, 'trixie');
  const { place, path, layout } = card;
  const device = execFileSync('losetup', ['--find', '--show', path], { encoding: 'utf8' }).trim();
  undo(t, () => spawnSync('losetup', ['--detach', device]));
  const ran = await place.piburn(['set', 'host', 'blue7'], { env: { DEV: device } });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await check({ ...card, path: device })).hostname, 'blue7');
  const taken = await place.piburn(['set', 'host', 'x', path]);
  assert.deepEqual([taken.code, /is attached to/.test(taken.stderr)], [3, true]);
  mkdirSync(place.path('mnt'));
  const options = `loop,ro,offset=${layout.root.offsetBytes},sizelimit=${layout.root.lengthBytes}`;
  execFileSync('losetup', ['--detach', device]);
  checkFileSystems(t, path, layout);
  const mounted = spawnSync('mount', ['-t', 'ext4', '-o', options, path, place.path('mnt')]);
  if (mounted.status !== 0) return t.skip('cannot mount here');
  undo(t, () => spawnSync('umount', [place.path('mnt')]));
  const busy = await place.piburn(['set', 'host', 'x', path]);
  assert.deepEqual([busy.code, /is in use through/.test(busy.stderr)], [3, true], busy.stderr);
});

/** mount(8) with another file system in the place of vfat, which this kernel may not have; or with an error. */
function fakeMount(place: Workplace, vfat: string): string {
  const folder = place.path('bin');
  mkdirSync(folder, { recursive: true });
  const real = execFileSync('sh', ['-c', 'command -v mount'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\nfor at; do :; done\necho "$*" >>"${place.path('mounts')}"\ncase "$*" in *vfat*) ${vfat} ;; esac\nexec ${real} "$@"\n`;
  writeFileSync(`${folder}/mount`, script.replaceAll('REAL', real));
  chmodSync(`${folder}/mount`, 0o755);
  return `${folder}:${process.env['PATH']}`;
}

test('mount and unmount put a card file there and take it off, with nothing left behind', withLoop, async (t) => {
  const { place, path } = await burn(t, 'bookworm');
  const probe = spawnSync('sh', ['-c', 'grep -qw ext4 /proc/filesystems']);
  if (probe.status !== 0) return t.skip('the kernel has no ext4');
  const env = { PATH: fakeMount(place, 'exec REAL --bind "$at/../../home" "$at"') };
  const at = place.path('here/card');
  undo(t, () => spawnSync('umount', ['--recursive', at]));
  const mounted = jsonOf<{ root: string; boot: string }>(await place.piburn(['mount', path, at, '--json'], { env }));
  assert.deepEqual([mounted.root, mounted.boot], [at, `${at}/boot/firmware`]);
  assert.equal(readFileSync(`${at}/etc/hostname`, 'utf8'), 'raspberrypi\n');
  const calls = readFileSync(place.path('mounts'), 'utf8').trim().split('\n');
  for (const call of calls) assert.match(call, /nosuid,nodev,noexec,rw/);
  assert.equal((await place.piburn(['mount', path, at], { env })).code, 3);
  assert.equal((await place.piburn(['set', 'host', 'x', path], { env })).code, 3);
  const off = await place.piburn(['unmount', at], { env });
  assert.equal(off.code, 0, off.stderr);
  assert.match(off.stdout, /safe to pull/);
  const loops = () => execFileSync('losetup', ['--associated', path], { encoding: 'utf8' });
  assert.equal(loops(), '');
  assert.equal((await place.piburn(['unmount', path])).code, 0);
  assert.equal((await place.piburn(['unmount', at])).code, 1);
  assert.equal((await place.piburn(['unmount', '/'])).code, 3);
});

test('when the boot partition cannot be mounted, the root is not left mounted', withLoop, async (t) => {
  const { place, path } = await burn(t, 'bookworm');
  const env = { PATH: fakeMount(place, 'echo "mount: no vfat here" >&2; exit 32') };
  const at = place.path('here/card');
  undo(t, () => spawnSync('umount', ['--recursive', at]));
  const ran = await place.piburn(['mount', path, at], { env });
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /boot partition .* could not be mounted.*no vfat here/);
  assert.ok(!existsSync(place.path('here')));
  assert.equal(execFileSync('losetup', ['--associated', path], { encoding: 'utf8' }), '');
  copyFileSync(path, place.path('other.img'));
  assert.equal((await place.piburn(['mount', 'other.img', '/etc'], { env })).code, 3);
});
