// Settings on the boot partition of a whole image: chosen by what is in it, written, and read back by mtools.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  chooseFlavour,
  customise,
  findBootPlace,
  imageReader,
  readBootFiles,
} from '../../src/customise/boot-volume.js';
import type { ExtraFile, Flavour, Node, PatchBlock } from '../../src/protocol.js';
import { makePiImage, type PiImageKind } from '../fixtures/pi-image.js';
import { scratchFolder } from '../native/scratch.js';
import { withCode } from './fat/fat-images.js';

const small = { bootMb: 36, rootMb: 24 };
const now = new Date('2026-03-04T05:06:08Z');
const node: Node = { hostname: 'red001', dns: [] };
const environment = { ...process.env, MTOOLS_SKIP_CHECK: '1' };

/** An image with its boot partition, as mtools and piburn see it. */
async function imageOf(t: TestContext, kind: PiImageKind) {
  const path = join(scratchFolder(t), 'pi.img');
  const { boot, root } = await makePiImage(path, kind, small);
  const drive = `${path}@@${boot.offsetBytes}`;
  const mtools = (program: string, ...args: string[]) =>
    execFileSync(program, ['-i', drive, ...args], {
      encoding: 'buffer',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const descriptor = openSync(path, 'r');
  t.after(() => closeSync(descriptor));
  const read = imageReader(descriptor);
  const place = await findBootPlace(read, async () => undefined);
  const choose = (wish?: Flavour, hints?: Parameters<typeof chooseFlavour>[3]) =>
    chooseFlavour(read, place, wish, hints);
  return {
    path,
    root,
    read,
    choose,
    put: (name: string, text: string) => {
      const file = `${path}.file`;
      writeFileSync(file, text);
      mtools('mcopy', '-o', file, `::${name}`);
    },
    remove: (name: string) => mtools('mdel', `::${name}`),
    label: (name: string) => mtools('mlabel', `::${name}`),
    plan: (wanted: Node, how = choose()) => customise(read, place, how, wanted, 'id1', now),
    apply: (patch: readonly PatchBlock[]) => applyTo(path, patch),
    show: (name: string) => mtools('mtype', `::${name}`),
    check: () => checkFat(path, boot),
  };
}

function applyTo(path: string, patch: readonly PatchBlock[]): void {
  const file = openSync(path, 'r+');
  for (const { bytes, offsetBytes } of patch) writeSync(file, bytes, 0, bytes.length, offsetBytes);
  closeSync(file);
}

function checkFat(path: string, boot: { readonly offsetBytes: number; readonly lengthBytes: number }): void {
  const part = `${path}.boot`;
  const range = ['bs=4096', `skip=${boot.offsetBytes / 4096}`, `count=${boot.lengthBytes / 4096}`];
  execFileSync('dd', [`if=${path}`, `of=${part}`, 'status=none', ...range]);
  const { status, stdout } = spawnSync('fsck.vfat', ['-n', part], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

/** Replaces os-release in the root partition. */
function writeOsRelease(path: string, root: { readonly offsetBytes: number }, text: string): void {
  writeFileSync(`${path}.release`, text);
  const drive = `${path}?offset=${root.offsetBytes}`;
  for (const command of ['rm /usr/lib/os-release', `write ${path}.release /usr/lib/os-release`]) {
    execFileSync('debugfs', ['-w', '-R', command, drive], { stdio: 'pipe' });
  }
}

const extra = (path: string, ...bytes: number[]): ExtraFile => ({ path, bytes: Uint8Array.from(bytes) });

for (const [kind, flavour] of [
  ['trixie', 'cloudinit'],
  ['bookworm', 'firstrun'],
  ['bullseye', 'firstrun'],
] as const) {
  test(`${kind}: extra files go on as they are, into directories that are made, beside the settings`, async (t) => {
    const image = await imageOf(t, kind);
    const config = Buffer.from('dtparam=i2c_arm=on\n');
    const files = [
      { path: 'CONFIG.TXT', bytes: config },
      extra('site/deep/data.bin', 0, 255, 13, 10, 0),
      extra('overlays/my.dtbo', 1, 2, 3),
      extra('empty'),
    ];
    assert.equal(image.choose().flavour, flavour);
    const { patch, files: planned } = image.plan({ ...node, files });
    image.apply(patch);
    image.check();
    assert.deepEqual(image.show('config.txt'), config);
    assert.deepEqual([...image.show('site/deep/data.bin')], [0, 255, 13, 10, 0]);
    assert.deepEqual([...image.show('overlays/my.dtbo')], [1, 2, 3]);
    assert.equal(image.show('overlays/README').toString(), 'Overlays of the firmware would be here.\n');
    assert.equal(image.show('empty').length, 0);
    assert.match(image.show(flavour === 'cloudinit' ? 'user-data' : 'firstrun.sh').toString(), /red001/);
    const shown = planned.slice(-4).map(({ path, text }) => [path, text]);
    assert.deepEqual(shown[1], ['site/deep/data.bin', '(5 bytes, as given)']);
  });
}

test('extra files alone need no flavour', async (t) => {
  const image = await imageOf(t, 'bookworm');
  image.apply(image.plan({ hostname: '', dns: [], files: [extra('a/b', 7)] }, image.choose('none')).patch);
  assert.deepEqual([...image.show('a/b')], [7]);
});

test('an extra file that cannot stand there is an error before anything is written', async (t) => {
  const image = await imageOf(t, 'bookworm');
  const cases: readonly (readonly [ExtraFile, string])[] = [
    [extra('cmdline.txt', 1), 'FILE_TAKEN'],
    [extra('overlays', 1), 'FAT_IS_DIRECTORY'],
    [extra('config.txt/x', 1), 'FAT_NOT_DIRECTORY'],
    [{ path: 'large', bytes: new Uint8Array(16 * 1024 * 1024) }, 'BOOT_PARTITION_FULL'],
  ];
  image.put('ballast', 'x'.repeat(20 * 1024 * 1024));
  for (const [file, code] of cases) {
    assert.throws(() => image.plan({ ...node, files: [file] }), withCode(code), code);
  }
});

test('what is shown of the files has no secrets in it', async (t) => {
  const image = await imageOf(t, 'trixie');
  const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
  const wanted: Node = { ...node, wifi: { ssid: 'MyNet', psk, hidden: false }, firstboot: 'TOKEN=xyzzy\n' };
  const { patch, files } = image.plan(wanted);
  const shown = files.map(({ text }) => text).join('\n');
  assert.ok(!shown.includes(psk) && !shown.includes('xyzzy'));
  assert.match(shown, /password: "\(secret\)"/);
  image.apply(patch);
  assert.ok(image.show('network-config').includes(psk));
  assert.equal(image.show('piburn-firstboot').toString(), 'TOKEN=xyzzy\n');
});

test('an Ubuntu is one, with the kernel line where 25.10 keeps it, and its own login stays', async (t) => {
  const image = await imageOf(t, 'trixie');
  image.label('SYSTEM-BOOT');
  for (const name of ['issue.txt', 'cmdline.txt']) image.remove(name);
  image.put('overlays/cmdline.txt', 'not this one\n');
  const stock =
    '#cloud-config\nchpasswd:\n  expire: true\n  users:\n  - {name: ubuntu, password: ubuntu, type: text}\n';
  image.put('user-data', stock);
  const how = image.choose(undefined, { initFormat: 'cloudinit' });
  assert.deepEqual([how.flavour, how.bootMount], ['ubuntu', '/boot/firmware'], how.reason);
  assert.throws(() => image.plan({ ...node, country: 'GB' }, how), withCode('FLAVOUR_CANNOT'));
  const current: Node = { ...node, files: [extra('current/x', 1)] };
  image.apply(image.plan(current, how).patch);
  image.put('current/cmdline.txt', 'root=LABEL=writable rootwait\n');
  image.apply(image.plan({ ...node, country: 'GB' }, how).patch);
  image.check();
  assert.equal(
    image.show('current/cmdline.txt').toString(),
    'root=LABEL=writable rootwait cfg80211.ieee80211_regdom=GB\n',
  );
  assert.match(image.show('user-data').toString(), /chpasswd:\n {2}expire: true\n {2}users:\n {4}- name: "ubuntu"\n/);
});

test('the root partition is looked at once the image is whole', async (t) => {
  const image = await imageOf(t, 'bullseye');
  writeOsRelease(
    image.path,
    image.root,
    'PRETTY_NAME="Raspbian GNU/Linux 10 (buster)"\nID=raspbian\nVERSION_CODENAME=buster\n',
  );
  assert.deepEqual([image.choose().flavour, image.choose().facts.os], ['firstrun', undefined]);
  const how = image.choose(undefined, { whole: true });
  assert.deepEqual([how.flavour, how.bootMount], ['legacy', '/boot'], how.reason);
  assert.equal(how.facts.os, 'Raspbian GNU/Linux 10 (buster)');
  assert.equal(how.facts.booted, false);
  image.apply(image.plan({ ...node, wifi: { ssid: 'x', hidden: false } }, how).patch);
  image.check();
  assert.match(image.show('wpa_supplicant.conf').toString(), /ssid="x"/);
  assert.match(image.show('cmdline.txt').toString(), / systemd\.run=\/boot\/firstrun\.sh /);
  writeOsRelease(image.path, image.root, 'ID=kali\nPRETTY_NAME="Kali GNU/Linux"\n');
  assert.match(image.choose(undefined, { whole: true }).reason, /it is Kali GNU\/Linux \(os-release\)/);
});

test('a wish overrules what is seen, and the settings go where that flavour mounts the partition', async (t) => {
  const image = await imageOf(t, 'bookworm');
  for (const [wish, mount] of [
    ['legacy', '/boot'],
    ['ubuntu', '/boot/firmware'],
    ['cloudinit', '/boot/firmware'],
  ] as const) {
    const how = image.choose(wish);
    assert.deepEqual([how.flavour, how.bootMount, how.reason], [wish, mount, '--flavour says so']);
  }
});

test('a second burn of a burned image replaces what the first one wrote', async (t) => {
  const image = await imageOf(t, 'bullseye');
  const first: Node = { ...node, country: 'US', firstboot: 'echo 1\n', locale: 'en_US.UTF-8' };
  image.apply(image.plan(first).patch);
  image.apply(image.plan({ ...node, hostname: 'red002', country: 'GB' }).patch);
  image.check();
  const [script, cmdline] = await readBootFiles(image.read, ['firstrun.sh', 'cmdline.txt']);
  assert.match(script?.text ?? '', /\nset_hostname 'red002'\n/);
  assert.doesNotMatch(script?.text ?? '', /red001|keep_firstboot 'id1'|\nset_locale '/);
  assert.equal(cmdline?.text.split('regdom').length, 2);
  assert.equal(cmdline?.text.split('systemd.run=').length, 2);
});
