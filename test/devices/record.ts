// Records this machine for the tests of src/devices: prints what lsblk, sysfs and procfs say, in the shape of
// recorded/*.json. Nothing but Node and lsblk is needed: `node record.js 'what is plugged in' > machine.json`.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const classBlock = '/sys/class/block';
const texts = [
  'dev',
  'size',
  'ro',
  'removable',
  'diskseq',
  'partition',
  'loop/backing_file',
  'device/type',
  'device/name',
  'device/serial',
  'device/cid',
];
const columns = 'KNAME,NAME,VENDOR,MODEL,SERIAL,LABEL,FSTYPE,PTTYPE';

function record(about: string) {
  // Loop devices without a file and disks in memory say nothing.
  const names = readdirSync(classBlock).filter((name) => !/^z?ram/.test(name) && textOf(`${name}/size`) !== undefined);
  const devices = names.filter((name) => !name.startsWith('loop') || textOf(`${name}/loop/backing_file`) !== undefined);
  const block = Object.fromEntries(devices.sort().map((name) => [name, deviceOf(name)]));
  const rows = JSON.parse(execFileSync('lsblk', ['--json', '--list', '--output', columns], { encoding: 'utf8' }));
  return {
    about,
    block,
    lsblk: rows.blockdevices.map(withoutNulls),
    mountinfo: linesOf('/proc/self/mountinfo'),
    swaps: linesOf('/proc/swaps').slice(1),
    cmdline: linesOf('/proc/cmdline').join(' '),
    fileSystems: Object.fromEntries(['ext4', 'xfs', 'f2fs'].map((kind) => [kind, namesIn(`/sys/fs/${kind}`)])),
    attributes: usbAttributes(devices),
    links: linksOf(['/dev/disk/by-id', '/dev/disk/by-path']),
  };
}

function deviceOf(name: string): Record<string, unknown> {
  const found = texts.flatMap((attribute) => {
    const text = textOf(`${name}/${attribute}`);
    return text === undefined ? [] : [[attribute, /^[0-9]+$/.test(text) && text.length < 16 ? Number(text) : text]];
  });
  const lists = ['slaves', 'holders'].map((list) => [list, namesIn(`${classBlock}/${name}/${list}`)] as const);
  return {
    sysfs: realpathSync(`${classBlock}/${name}`),
    ...Object.fromEntries(found),
    ...Object.fromEntries(lists.filter(([, members]) => members.length > 0)),
  };
}

const withoutNulls = (row: object) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

/** Speed and version of every USB device, hub and root hub that a disk hangs on. */
function usbAttributes(devices: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const device of devices) {
    for (let path = realpathSync(`${classBlock}/${device}`); path !== '/sys'; path = dirname(path)) {
      if (!/\/(usb[0-9]+|[0-9]+-[0-9.]+)$/.test(path)) continue;
      for (const name of ['speed', 'version'])
        found[`${path}/${name}`] = readFileSync(`${path}/${name}`, 'utf8').trim();
    }
  }
  return found;
}

const linksOf = (folders: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    folders.flatMap((folder) =>
      namesIn(folder).map((name) => [`${folder}/${name}`, realpathSync(`${folder}/${name}`)]),
    ),
  );

const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

function textOf(path: string): string | undefined {
  try {
    return readFileSync(`${classBlock}/${path}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

console.log(JSON.stringify(record(process.argv[2] ?? ''), null, 2));
