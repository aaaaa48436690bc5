import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSystem } from '../../src/devices/describe.js';
import { type RefusalOptions, refusals } from '../../src/devices/refuse.js';
import { candidates } from '../../src/devices/refuse-disk.js';
import type { PiburnError } from '../../src/errors.js';
import { judged } from './judged.js';
import { load, machines, recorded } from './recorded.js';

const strict: RefusalOptions = { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false };
const lenient: RefusalOptions = { ...strict, allowFixed: true, allowLarge: true, unmount: true };

test('every target of the recorded machines is judged rightly', async () => {
  for (const [machine, target, codes, words] of judged) {
    const facts = await readSystem(recorded(load(machine)));
    const reasons = refusals([target], facts, strict);
    assert.equal(codesOf(reasons).join(' '), codes, `${machine} ${target}`);
    for (const reason of reasons) {
      assert.match(reason.failure.message, words ?? /./, `${machine} ${target}`);
      assert.equal(reason.exitCode, 3);
      assert.equal(reason.failure.device, target);
      assert.ok(reason.failure.hint, `${machine} ${target} has a hint`);
    }
  }
});

test('each lift lifts its own refusal and no other', async () => {
  const cases: readonly (readonly [string, string, Partial<RefusalOptions>])[] = [
    ['pi-with-hub', '/dev/sdh', { unmount: true }],
    ['pi-with-hub', '/dev/sdf', { allowLarge: true }],
    ['pc-nvme', '/dev/sdb', { allowFixed: true }],
    ['pc-nvme', '/dev/mmcblk1', { allowFixed: true }],
  ];
  for (const [machine, target, lift] of cases) {
    const facts = await readSystem(recorded(load(machine)));
    const others = { ...lenient, ...Object.fromEntries(Object.keys(lift).map((name) => [name, false])) };
    assert.equal(refusals([target], facts, { ...strict, ...lift }).length, 0, `${target} lifted`);
    assert.equal(refusals([target], facts, others).length, 1, `${target} not lifted by the others`);
  }
});

test('over all machines an option takes away the reasons of its own rule, and adds none', async () => {
  const lifts: readonly (readonly [Partial<RefusalOptions>, readonly string[]])[] = [
    [{ unmount: true }, ['MOUNTED']],
    [{ allowLarge: true }, ['TOO_LARGE']],
    [{ allowFixed: true }, ['NOT_REMOVABLE', 'ONBOARD_EMMC']],
  ];
  const lifted = new Set<string>();
  for (const machine of machines()) {
    const facts = await readSystem(recorded(load(machine)));
    for (const { path } of facts.devices.values()) {
      const before = codesOf(refusals([path], facts, strict));
      for (const [lift, own] of lifts) {
        const after = codesOf(refusals([path], facts, { ...strict, ...lift }));
        const expected = before.filter((code) => !own.includes(code));
        assert.deepEqual(after, expected, `${machine} ${path} ${JSON.stringify(lift)}`);
        for (const code of before) if (own.includes(code)) lifted.add(code);
      }
    }
  }
  assert.deepEqual([...lifted].sort(), ['MOUNTED', 'NOT_REMOVABLE', 'ONBOARD_EMMC', 'TOO_LARGE']);
});

test('a root that no mount shows is found by what the kernel was told', async () => {
  const machine = load('pi-overlay');
  const mountinfo = machine.mountinfo.filter((line) => !line.includes('/media/root-'));
  const link = '/dev/disk/by-partuuid/738a4d67-02';
  const judge = async (cmdline: string, path: string) => {
    const links = { ...machine.links, [link]: '/dev/sda2' };
    const facts = await readSystem(recorded({ ...machine, links, mountinfo, cmdline }));
    return codesOf(refusals([path], facts, lenient)).join();
  };
  for (const root of ['PARTUUID=738a4d67-02', '/dev/sda2', '"/dev/sda2"']) {
    assert.equal(await judge(`console=tty1 root=${root} rootwait`, '/dev/sda'), 'SYSTEM_DISK', root);
    assert.equal(await judge(`console=tty1 root=${root} rootwait`, '/dev/sdb'), '', root);
  }
  // What it says is old news where the root is seen.
  const facts = await readSystem(recorded({ ...load('pi-with-hub'), cmdline: 'root=/dev/sda2' }));
  assert.deepEqual(refusals(['/dev/sda'], facts, strict), []);
});

test('a disk whose name begins like that of the system disk is another disk', async () => {
  const machine = load('pi-overlay');
  const line = '40 1 65:160 / /mnt/other rw - ext4 /dev/sdaa rw';
  const sdaa = { ...machine.block.sdb, dev: '65:160' };
  const facts = await readSystem(
    recorded({ ...machine, block: { ...machine.block, sdaa }, mountinfo: [...machine.mountinfo, line] }),
  );
  assert.deepEqual(codesOf(refusals(['/dev/sdaa'], facts, lenient)), []);
  assert.deepEqual(codesOf(refusals(['/dev/sda'], facts, lenient)), ['SYSTEM_DISK']);
});

test('a sleeping member says what to type, and what is built upon a disk says it instead', async () => {
  const facts = await readSystem(recorded(load('pc-odd-stacks')));
  const [lvm] = refusals(['/dev/sdb'], facts, lenient);
  assert.match(lvm?.failure.hint ?? '', /'pvs \/dev\/sdb1'.*wipefs --all \/dev\/sdb1/);
  const stacked = await readSystem(recorded(load('pc-stacked')));
  assert.deepEqual(codesOf(refusals(['/dev/sdc'], stacked, lenient)), ['IN_USE']);
});

test('no option lifts what must never be written', async () => {
  const lifted = ['MOUNTED', 'TOO_LARGE', 'NOT_REMOVABLE', 'ONBOARD_EMMC'];
  const codes = new Set<string>();
  for (const [machine, target, code] of judged) {
    const kept = code.split(' ').filter((each) => each !== '' && !lifted.includes(each));
    const facts = await readSystem(recorded(load(machine)));
    assert.deepEqual(codesOf(refusals([target], facts, lenient)), kept, target);
    for (const each of kept) codes.add(each);
  }
  assert.ok(codes.has('SYSTEM_DISK') && codes.has('IN_USE') && codes.has('READ_ONLY'));
});

test('an eMMC chip is known by its type, and by its boot areas where the type is silent', async () => {
  const machine = load('pc-nvme');
  const { mmcblk1boot0, ...block } = machine.block;
  const { 'device/type': _, ...silent } = machine.block.mmcblk1 ?? {};
  const { 'device/type': __, ...silentCard } = machine.block.mmcblk0 ?? {};
  assert.ok(mmcblk1boot0);
  const withBoot = { ...machine.block, mmcblk1: { ...silent, 'device/type': 'SD' } };
  for (const changed of [block, { ...machine.block, mmcblk1: silent }, withBoot]) {
    const facts = await readSystem(recorded({ ...machine, block: changed }));
    assert.deepEqual(codesOf(refusals(['/dev/mmcblk1'], facts, strict)), ['ONBOARD_EMMC']);
  }
  const unknown = await readSystem(recorded({ ...machine, block: { ...block, mmcblk0: silentCard } }));
  assert.deepEqual(codesOf(refusals(['/dev/mmcblk0'], unknown, strict)), ['ONBOARD_EMMC']);
});

test('all reasons that can be lifted are named at once', async () => {
  const machine = load('pc-nvme');
  const sdb = { ...machine.block.sdb, size: 3_906_963_456, ro: 1 };
  const facts = await readSystem(recorded({ ...machine, block: { ...machine.block, sdb } }));
  const codes = codesOf(refusals(['/dev/sdb'], facts, strict));
  assert.deepEqual(codes, ['NOT_REMOVABLE', 'TOO_LARGE', 'READ_ONLY']);
});

test('the mount points of the system are protected, and those that only look like them are not', async () => {
  const machine = load('pi-with-hub');
  const cases: readonly (readonly [mountpoint: string, code: string])[] = [
    ['/boot', 'SYSTEM_DISK'],
    ['/boot/firmware', 'SYSTEM_DISK'],
    ['/usr', 'SYSTEM_DISK'],
    ['/var/lib/docker', 'SYSTEM_DISK'],
    ['/home', 'SYSTEM_DISK'],
    ['/home/pi', 'SYSTEM_DISK'],
    ['/home/pi/card', 'MOUNTED'],
    ['/bootleg', 'MOUNTED'],
    ['/variable', 'MOUNTED'],
    ['/mnt', 'MOUNTED'],
    ['/media', 'MOUNTED'],
    ['/mediaserver/x', 'MOUNTED'],
    ['/run/media', 'MOUNTED'],
    ['/media/pi/x', ''],
    ['/run/media/pi/x', ''],
  ];
  for (const [mountpoint, code] of cases) {
    const line = `90 1 8:2 / ${mountpoint} rw shared:1 - ext4 /dev/sda2 rw`;
    const facts = await readSystem(recorded({ ...machine, mountinfo: [...machine.mountinfo, line] }));
    const codes = codesOf(refusals(['/dev/sda'], facts, strict));
    assert.equal(codes.join(' '), code, mountpoint);
  }
});

test('sticks of one btrfs are refused together, a single btrfs only where it is mounted', async () => {
  const machine = load('pc-btrfs');
  const mountinfo = machine.mountinfo.map((line) => line.replace('/dev/root', '/dev/sdb'));
  const facts = await readSystem(recorded({ ...machine, mountinfo }));
  const codes = (path: string, options = strict) => codesOf(refusals([path], facts, options)).join(' ');
  assert.equal(codes('/dev/sda', lenient), 'SYSTEM_DISK');
  assert.equal(codes('/dev/sdb', lenient), 'SYSTEM_DISK');
  assert.equal(codes('/dev/sdc', lenient), 'IN_USE');
  assert.equal(codes('/dev/sdd', lenient), 'IN_USE');
  assert.equal(codes('/dev/sde'), 'MOUNTED');
  assert.equal(codes('/dev/sde', lenient), '');
});

test('the disks of the image and of the spool are never targets', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  const image = '/media/pi/IMAGES/raspios.img.xz';
  for (const needs of [
    { imagePath: image },
    { protectedPaths: [image] },
    { protectedPaths: ['/media/pi/IMAGES/no/spool'] },
  ]) {
    const [reason, ...others] = refusals(['/dev/sdj'], facts, { ...lenient, ...needs });
    assert.equal(reason?.failure.code, 'HOLDS_NEEDED_FILES');
    assert.equal(others.length, 0);
  }
  assert.equal(refusals(['/dev/sdg'], facts, { ...strict, imagePath: image }).length, 0);
});

test('the image is no target, under whatever name', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  const options = { ...strict, imagePath: '/home/pi/image.img' };
  for (const path of ['/home/pi/image.img', '/home/pi/link.img', '/home/pi/hardlink.img', '/dev/loop2']) {
    assert.deepEqual(codesOf(refusals([path], facts, options)), ['TARGET_IS_IMAGE'], path);
  }
  const fromCard = refusals(['/dev/sda'], facts, { ...strict, imagePath: '/home/pi/mknod-sda' });
  assert.deepEqual(codesOf(fromCard), ['TARGET_IS_IMAGE']);
  assert.equal(refusals(['/home/pi/card.img', '/dev/sda'], facts, options).length, 0);
});

test('a target must have room for the image', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  const codes = (path: string, sizes: Partial<RefusalOptions>) =>
    codesOf(refusals([path], facts, { ...strict, ...sizes })).join(' ');
  assert.equal(codes('/dev/sdb', { imageBytes: 15_523_840 * 512 }), '');
  assert.equal(codes('/dev/sdb', { imageBytes: 15_523_840 * 512 + 1 }), 'TOO_SMALL');
  assert.equal(codes('/dev/sdc', { imageBytes: 1 }), 'NO_MEDIUM');
  assert.equal(codes('/home/pi/short.img', { imageBytes: 1000 }), '');
  assert.equal(codes('/home/pi/short.img', { imageBytes: 1001 }), 'TOO_SMALL');
  assert.equal(codes('/home/pi/short.img', { imageBytes: 1001, fileBytes: 2000 }), '');
  assert.equal(codes('/home/pi/new.img', { imageBytes: 1001 }), '');
  assert.equal(codes('/home/pi/new.img', { imageBytes: 1001, fileBytes: 1000 }), 'TOO_SMALL');
});

test('one medium under two names is one target', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  const cases: readonly (readonly [string, string, string])[] = [
    ['/dev/sda', '/dev/sda', 'SAME_TARGET'],
    ['/dev/sda', '/dev/disk/by-path/platform-xhci-hcd.1-usb-0:1.1:1.0-scsi-0:0:0:0', 'SAME_TARGET'],
    ['/home/pi/mknod-sda', '/dev/sda', 'SAME_TARGET'],
    ['/dev/loop0', '/dev/loop1', 'SAME_TARGET'],
    ['/dev/loop0', '/home/pi/card.img', 'SAME_TARGET'],
    ['/home/pi/image.img', '/home/pi/hardlink.img', 'SAME_TARGET'],
    ['/dev/loop3', '/home/pi/gone.img', 'SAME_TARGET'],
    ['/home/pi/new.img', '/home/pi/../pi/new.img', 'SAME_TARGET'],
    ['/dev/sdj', '/media/pi/IMAGES/card.img', 'TARGET_ON_TARGET'],
    ['/dev/sdj', '/dev/loop5', 'TARGET_ON_TARGET'],
    ['/dev/sdj', '/media/pi/IMAGES/new.img', 'TARGET_ON_TARGET'],
    ['/dev/sda', '/dev/sdb', ''],
    ['/dev/loop0', '/dev/loop2', ''],
    ['/home/pi/new.img', '/home/pi/new2.img', ''],
  ];
  for (const [first, second, code] of cases) {
    const codes = (paths: string[]) => codesOf(refusals(paths, facts, strict)).join(' ');
    assert.equal(codes([first, second]), code, `${first} ${second}`);
    assert.equal(codes([second, first]), code, `${second} ${first}`);
  }
});

test('a device that does not exist is answered with those that would do', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  assert.deepEqual(
    candidates(facts, strict).map((device) => device.path),
    ['/dev/sda', '/dev/sdb', '/dev/sde', '/dev/sdg', '/dev/sdj'],
  );
  const [reason] = refusals(['/dev/sdx'], facts, { ...strict, imageBytes: 1e15 });
  assert.match(reason?.failure.hint ?? '', /\/dev\/sda \(Generic STORAGE DEVICE 31\.9 GB\/29\.7 GiB\), /);
  const alone = await readSystem(recorded(load('pi-emmc')));
  assert.match(refusals(['/dev/sdx'], alone, strict)[0]?.failure.hint ?? '', /Plug in/);
});

const codesOf = (reasons: readonly PiburnError[]): string[] => reasons.map((reason) => reason.failure.code);
