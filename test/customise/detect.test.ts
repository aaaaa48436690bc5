import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BootPartition, detectFlavour } from '../../src/customise/detect.js';
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
    [bootOf('system-boot', 512, { ...seed, 'cmdline.txt': 'rootwait' }), 'none', '/boot/firmware', /Ubuntu.*not.*yet/],
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
