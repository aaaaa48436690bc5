import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BootPartition, detectFlavour } from '../../src/customise/detect.js';
import { parseInitFormat } from '../../src/customise/init-format.js';
import { makePiImage, type PiImageKind } from '../fixtures/pi-image.js';

const mebibyte = 1024 * 1024;
const issue = 'Raspberry Pi reference 2025-11-24\nGenerated using pi-gen\n';
const firstboot = 'console=tty1 rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n';
const initResize = 'console=tty1 rootwait quiet init=/usr/lib/raspi-config/init_resize.sh\n';
const seed = { 'user-data': '#cloud-config', 'meta-data': '' };

const bootOf = (label: string | undefined, mb: number, files: Readonly<Record<string, string>>): BootPartition => ({
  ...(label === undefined ? {} : { label }),
  read: (path) => files[path],
  exists: (path) => files[path] !== undefined,
  bootPartitionBytes: mb * mebibyte,
});

test('the flavour of an image is told by its boot partition', () => {
  const cases: readonly (readonly [BootPartition, string, string, RegExp])[] = [
    [
      bootOf('bootfs', 512, { ...seed, 'issue.txt': issue, 'cmdline.txt': 'rootwait resize' }),
      'cloudinit',
      '/boot/firmware',
      /user-data/,
    ],
    [bootOf('bootfs', 512, { ...seed, 'cmdline.txt': 'rootwait' }), 'cloudinit', '/boot/firmware', /user-data/],
    [bootOf('custom', 512, { ...seed, 'cmdline.txt': firstboot }), 'cloudinit', '/boot/firmware', /user-data/],
    [bootOf('BOOT', 512, { ...seed, 'cmdline.txt': 'rootwait' }), 'none', '/boot/firmware', /no sign of a Raspberry/],
    [
      bootOf('system-boot', 512, { ...seed, 'cmdline.txt': 'rootwait' }),
      'ubuntu',
      '/boot/firmware',
      /Ubuntu.*user-data/,
    ],
    [bootOf('SYSTEM-BOOT', 512, { 'cmdline.txt': 'rootwait' }), 'none', '/boot/firmware', /Ubuntu.*without/],
    [
      bootOf('bootfs', 512, { 'cmdline.txt': 'rootwait resize\n', 'issue.txt': issue }),
      'firstrun',
      '/boot/firmware',
      /'resize'/,
    ],
    [bootOf('bootfs', 512, { 'cmdline.txt': firstboot }), 'firstrun', '/boot/firmware', /firstboot/],
    [bootOf('bootfs', 256, { 'cmdline.txt': firstboot, initramfs8: '' }), 'firstrun', '/boot/firmware', /firstboot/],
    [bootOf('bootfs', 256, { 'cmdline.txt': firstboot }), 'firstrun', '/boot', /firstboot/],
    [bootOf('boot', 256, { 'cmdline.txt': initResize }), 'firstrun', '/boot', /init_resize/],
    [bootOf('boot', 256, { 'cmdline.txt': 'rootwait', 'issue.txt': issue }), 'firstrun', '/boot', /issue\.txt.*'boot'/],
    [
      bootOf('bootfs', 512, { 'cmdline.txt': 'rootwait', 'issue.txt': issue }),
      'firstrun',
      '/boot/firmware',
      /'bootfs'/,
    ],
    [bootOf('bootfs', 512, { 'cmdline.txt': 'rootwait noresize resize=1' }), 'none', '/boot/firmware', /no sign/],
    [bootOf('data', 512, { 'issue.txt': issue }), 'none', '/boot/firmware', /no sign/],
    [bootOf(undefined, 64, {}), 'none', '/boot/firmware', /no sign/],
  ];
  for (const [boot, flavour, bootMount, reason] of cases) {
    const detected = detectFlavour(boot);
    assert.deepEqual([detected.flavour, detected.bootMount], [flavour, bootMount], detected.reason);
    assert.match(detected.reason, reason);
  }
});

const pios = { 'issue.txt': issue, 'cmdline.txt': 'rootwait\n' };
const raspbian = (codename: string) => ({
  id: 'raspbian',
  prettyName: `Raspbian GNU/Linux (${codename})`,
  codename,
  hasPreseed: false,
});
const debian = (codename: string) => ({ ...raspbian(codename), id: 'debian', prettyName: `Debian (${codename})` });

test('what the root partition says tells the releases apart', () => {
  const cases: readonly (readonly [BootPartition, string, string, RegExp])[] = [
    [
      { ...bootOf('boot', 256, { ...pios, 'cmdline.txt': initResize }), root: raspbian('buster') },
      'legacy',
      '/boot',
      /init_resize.*it is a buster/,
    ],
    [
      { ...bootOf('boot', 256, { ...pios, 'cmdline.txt': initResize }), root: raspbian('bullseye') },
      'firstrun',
      '/boot',
      /init_resize/,
    ],
    [{ ...bootOf('boot', 256, {}), root: raspbian('stretch') }, 'legacy', '/boot', /os-release.*stretch/],
    [{ ...bootOf('BOOT', 64, {}), root: raspbian('bookworm') }, 'firstrun', '/boot/firmware', /os-release/],
    // Smaller than those of the makers: the release knows better than the size.
    [
      { ...bootOf('bootfs', 64, { 'cmdline.txt': firstboot }), root: debian('bookworm') },
      'firstrun',
      '/boot/firmware',
      /firstboot/,
    ],
    [{ ...bootOf('bootfs', 512, { 'cmdline.txt': firstboot }), root: debian('bullseye') }, 'firstrun', '/boot', /./],
    [{ ...bootOf('boot', 256, pios), root: debian('buster') }, 'legacy', '/boot', /buster/],
    // Debian's own images call themselves Debian too.
    [
      { ...bootOf('EFI', 512, { 'cmdline.txt': 'rootwait' }), root: debian('bookworm') },
      'none',
      '/boot/firmware',
      /no sign/,
    ],
    [
      { ...bootOf('other', 512, seed), root: { ...debian('noble'), id: 'ubuntu' } },
      'ubuntu',
      '/boot/firmware',
      /Ubuntu \(os-release\)/,
    ],
  ];
  for (const [boot, flavour, bootMount, reason] of cases) {
    const detected = detectFlavour(boot);
    assert.deepEqual([detected.flavour, detected.bootMount], [flavour, bootMount], detected.reason);
    assert.match(detected.reason, reason);
  }
});

test('a release from before bullseye is told by its date where the root partition is not looked at', () => {
  const of = (date: string) =>
    detectFlavour(bootOf('boot', 256, { 'issue.txt': issue.replace('2025-11-24', date), 'cmdline.txt': initResize }));
  assert.deepEqual([of('2021-05-07').flavour, of('2021-05-07').bootMount], ['legacy', '/boot']);
  assert.match(of('2021-05-07').reason, /it is of 2021-05-07/);
  // Old releases were renewed for years, so a later date tells nothing.
  assert.equal(of('2021-10-30').flavour, 'firstrun');
});

test('other systems are left alone, by name', () => {
  const cases: readonly (readonly [BootPartition, RegExp])[] = [
    [bootOf('bootfs', 128, { ...pios, 'dietpi.txt': '' }), /it is DietPi.*does not customise/],
    [bootOf('LIBREELEC', 512, { SYSTEM: '' }), /LibreELEC/],
    [bootOf('boot', 512, { SYSTEM: '', 'SYSTEM.md5': '' }), /LibreELEC or a relative/],
    [bootOf('hassos-boot', 64, { 'cmdline.txt': 'rootwait' }), /Home Assistant OS/],
    [bootOf('RASPIFIRM', 512, { 'cmdline.txt': 'rootwait' }), /Debian's own/],
    [bootOf('boot', 512, { 'recalbox-boot.conf': '' }), /Recalbox/],
    [
      { ...bootOf('boot', 256, pios), root: { ...debian('x'), id: 'kali', prettyName: 'Kali GNU/Linux Rolling' } },
      /Kali/,
    ],
    [{ ...bootOf('boot', 256, {}), root: { id: 'arch', hasPreseed: false } }, /it is arch/],
  ];
  for (const [boot, reason] of cases) {
    const detected = detectFlavour(boot);
    assert.equal(detected.flavour, 'none', detected.reason);
    assert.match(detected.reason, reason);
  }
});

test('an image for rpi-preseed takes nothing yet, and says so', () => {
  const root = { ...debian('trixie'), hasPreseed: true };
  const preseed = detectFlavour({ ...bootOf('bootfs', 512, { ...pios, 'cmdline.txt': 'resize' }), root });
  assert.equal(preseed.flavour, 'none');
  assert.match(preseed.reason, /rpi-preseed, which piburn does not do yet/);
  assert.equal(detectFlavour({ ...bootOf('bootfs', 512, { ...pios, ...seed }), root }).flavour, 'cloudinit');
});

test('the list of operating systems is heard first, but not against what is in the image', () => {
  const trixie = bootOf('bootfs', 512, { ...pios, ...seed });
  const bookworm = bootOf('bootfs', 512, { ...pios, 'cmdline.txt': firstboot });
  const ubuntu = bootOf('system-boot', 512, { ...seed });
  const unknown = bootOf('x', 256, { 'cmdline.txt': 'rootwait' });
  const seeded = bootOf('x', 512, seed);
  const cases: readonly (readonly [BootPartition, string, string, RegExp])[] = [
    [trixie, 'cloudinit-rpi', 'cloudinit', /^the list of operating systems says 'cloudinit-rpi', and it has user-data/],
    [trixie, 'systemd', 'cloudinit', /^it has user-data.*, although the list of operating systems says 'systemd'$/],
    [trixie, 'none', 'cloudinit', /although/],
    [trixie, 'rpi-preseed', 'cloudinit', /although/],
    [bookworm, 'systemd', 'firstrun', /^the list .* and its cmdline\.txt/],
    [bookworm, 'cloudinit-rpi', 'firstrun', /although/],
    [ubuntu, 'cloudinit', 'ubuntu', /^the list/],
    [ubuntu, 'cloudinit-rpi', 'ubuntu', /although/],
    [unknown, 'systemd', 'firstrun', /^the list of operating systems says 'systemd'$/],
    [unknown, 'none', 'none', /^the list of operating systems says 'none'$/],
    [unknown, 'rpi-preseed', 'none', /does not do yet/],
    [unknown, 'cloudinit', 'none', /no user-data/],
    [seeded, 'cloudinit', 'ubuntu', /^the list/],
    [seeded, 'cloudinit-rpi', 'cloudinit', /^the list/],
    [{ ...unknown, root: raspbian('buster') }, 'systemd', 'legacy', /buster/],
    [bootOf('x', 256, { 'dietpi.txt': '' }), 'systemd', 'none', /DietPi.*although/],
  ];
  for (const [boot, list, flavour, reason] of cases) {
    const initFormat = parseInitFormat(list);
    assert.ok(initFormat);
    const detected = detectFlavour({ ...boot, initFormat });
    assert.equal(detected.flavour, flavour, detected.reason);
    assert.match(detected.reason, reason);
  }
  assert.equal(parseInitFormat('something-new'), undefined);
  assert.equal(parseInitFormat(undefined), undefined);
});

test('what else is known of the image is told', () => {
  const fresh = detectFlavour({
    ...bootOf('bootfs', 512, { ...pios, 'cmdline.txt': 'a resize' }),
    root: debian('trixie'),
  });
  assert.deepEqual(fresh.facts, { os: 'Debian (trixie)', release: '2025-11-24', booted: false });
  assert.deepEqual(detectFlavour(bootOf('bootfs', 512, pios)).facts, { release: '2025-11-24', booted: true });
  assert.deepEqual(detectFlavour(bootOf('x', 512, {})).facts, {});
});

test('the images of the tests are healthy, and are what they pretend to be', async (t) => {
  const folder = makeFolder(t);
  const expected: readonly (readonly [PiImageKind, string, string, string, number])[] = [
    ['trixie', 'bootfs', 'cloudinit', '/boot/firmware', 16384],
    ['bookworm', 'bootfs', 'firstrun', '/boot/firmware', 8192],
    ['bullseye', 'boot', 'firstrun', '/boot', 8192],
  ];
  for (const [kind, label, flavour, bootMount, bootSector] of expected) {
    const image = join(folder, `${kind}.img`);
    const { boot, root } = await makePiImage(image, kind, { bootMb: 40, rootMb: 32 });
    assert.equal(boot.offsetBytes, bootSector * 512);
    for (const [part, range] of Object.entries({ boot, root }))
      cutOut(image, range.offsetBytes, range.lengthBytes, `${image}.${part}`);
    execFileSync('fsck.vfat', ['-n', `${image}.boot`], { stdio: 'pipe' });
    execFileSync('e2fsck', ['-fn', `${image}.root`], { stdio: 'pipe' });
    assert.match(
      execFileSync('mlabel', ['-s', '-i', `${image}.boot`, '::'], { encoding: 'utf8' }),
      new RegExp(`is ${label} `),
    );

    const read = (path: string) => readFromFat(`${image}.boot`, path);
    const exists = (path: string) => read(path) !== undefined;
    const detected = detectFlavour({ label, read, exists, bootPartitionBytes: boot.lengthBytes });
    assert.deepEqual([detected.flavour, detected.bootMount], [flavour, bootMount]);
  }
});

test('the image of the demonstration is what its script makes, and small', async (t) => {
  const image = join(makeFolder(t), 'pi.img');
  await makePiImage(image);
  const kept = readFileSync('src/demo/pi-like.img.xz');
  assert.ok(kept.length < 100_000);
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const decoded = execFileSync('xz', ['-dc'], { input: kept, maxBuffer: 1024 * mebibyte });
  assert.equal(digest(decoded), digest(readFileSync(image)));
});

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-detect-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function cutOut(image: string, offsetBytes: number, lengthBytes: number, to: string): void {
  const blocks = [`skip=${offsetBytes / mebibyte}`, `count=${lengthBytes / mebibyte}`];
  execFileSync('dd', [`if=${image}`, `of=${to}`, 'bs=1M', 'conv=sparse', 'status=none', ...blocks]);
}

function readFromFat(volume: string, path: string): string | undefined {
  try {
    return execFileSync('mtype', ['-i', volume, `::${path}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}
