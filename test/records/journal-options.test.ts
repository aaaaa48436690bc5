// The options of a run in its journal: complete, from any directory, and without plain secrets.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CreateOptions } from '../../src/burn/options.js';
import { hashPassword } from '../../src/customise/password.js';
import { wifiPsk } from '../../src/customise/wifi-psk.js';
import {
  beginJournal,
  findUnfinished,
  fromJournalOptions,
  type JournalOptions,
  type JournalWays,
  toJournalOptions,
} from '../../src/records/journal.js';
import type { leftOut } from '../../src/records/journal-options.js';
import { scratchFolder } from '../native/scratch.js';

const ways: JournalWays = {
  hash: hashPassword,
  psk: wifiPsk,
  isLocalImage: (image) => image.includes('/') || image.endsWith('.img'),
  ssids: [],
  cwd: '/home/pi/cluster',
};

const every: Required<Omit<CreateOptions, (typeof leftOut)[number] | 'password'>> = {
  image: '/images/a.img.xz',
  device: '/dev/sd[a-c]',
  config: '/etc/cluster.yaml',
  inventory: '/etc/nodes.csv',
  otherwise: { device: '/dev/sdz' },
  home: '/home/pi',
  store: '/srv/piburn',
  decoder: 'auto',
  sha256: 'ab'.repeat(32),
  maxBytes: 64e9,
  bmap: false,
  keepRejected: true,
  repo: 'https://example.org/os_list.json',
  verify: true,
  full: false,
  delta: true,
  blockBytes: 1 << 20,
  fileBytes: 8e9,
  early: false,
  stallTimeoutMs: 60_000,
  probe: false,
  wipeAll: true,
  eject: false,
  jobs: 3,
  retries: 0,
  auto: true,
  waitMs: 600_000,
  hostname: 'red[001-003]',
  ipaddr: '10.1.1.[2-4]/24',
  ip6addr: 'fd00::[2-4]/64',
  gateway: '10.1.1.1',
  gateway6: 'fd00::1',
  dns: ['9.9.9.9'],
  search: ['lab.example.org'],
  interface: 'eth0',
  user: 'alice',
  sshKeys: ['default', 'alice', '~/.ssh/bob.pub', '/etc/keys/carol.pub'],
  ssid: 'my network',
  wifiPassword: 'ab'.repeat(32),
  hidden: true,
  country: 'GB',
  locale: 'en_GB.UTF-8',
  timezone: 'Europe/London',
  keymap: 'gb',
  clusterHosts: true,
  files: '/boot-files',
  firstboot: '/setup.sh',
  flavour: 'cloudinit',
  rootfs: false,
};

// An option that is added to CreateOptions is either kept, or named as left out: else this does not compile.
type Unknown = Exclude<keyof CreateOptions, keyof JournalOptions | (typeof leftOut)[number]>;
const nothingIsForgotten: Unknown extends never ? true : never = true;

test('every option comes back from the disk as it was, ready for create', (t) => {
  assert.ok(nothingIsForgotten);
  const place = { directory: scratchFolder(t) };
  const options = toJournalOptions(every, ways);
  const journal = beginJournal(place, { id: '20261123T152530-a1b2c3', options, hostnames: ['red001'], image: 'a' });
  journal.close();
  const resumed: CreateOptions = fromJournalOptions(findUnfinished(place)?.options ?? {});
  assert.deepEqual(resumed, every);
});

test('no secret is kept in plain words, not even that of the environment', () => {
  const kept = toJournalOptions(
    {
      password: 'correct horse',
      wifiPassword: 'battery staple',
      ssid: 'net',
      otherwise: { device: 'cards/x.img', password: 'environs horse', wifiPassword: 'environs staple' },
    },
    ways,
  );
  assert.doesNotMatch(JSON.stringify(kept), /horse|staple/);
  assert.match(kept.passwordHash ?? '', /^\$6\$[^$]+\$.{86}$/);
  assert.equal(kept.wifiPassword, wifiPsk('net', 'battery staple'));
  assert.match(kept.otherwise?.passwordHash ?? '', /^\$6\$/);
  assert.equal(kept.otherwise?.wifiPassword, wifiPsk('net', 'environs staple'));
  assert.equal(kept.otherwise?.device, '/home/pi/cluster/cards/x.img');
  assert.equal(kept.password, undefined);
});

test('the word random stays', () => {
  assert.deepEqual(toJournalOptions({ password: 'random' }, ways), { password: 'random' });
});

test('a Wi-Fi password becomes the key of the one network of the nodes; with several it has to be given again', () => {
  const one = toJournalOptions({ wifiPassword: 'battery staple' }, { ...ways, ssids: ['net'] });
  assert.deepEqual(one, { wifiPassword: wifiPsk('net', 'battery staple') });
  for (const ssids of [[], ['net', 'other']]) {
    const several = toJournalOptions(
      { wifiPassword: 'battery staple', otherwise: { wifiPassword: 'x staple' } },
      { ...ways, ssids },
    );
    assert.deepEqual(several, { otherwise: {}, missing: ['wifiPassword', 'otherwise.wifiPassword'] });
    assert.deepEqual(fromJournalOptions(several), { otherwise: {} });
  }
});

test('relative paths become absolute, and what is no path stays', () => {
  const placed = (options: CreateOptions) => toJournalOptions(options, ways);
  for (const [options, expected] of [
    [{ config: 'a.yaml' }, { config: '/home/pi/cluster/a.yaml' }],
    [{ inventory: '../nodes.csv' }, { inventory: '/home/pi/nodes.csv' }],
    [{ files: './boot' }, { files: '/home/pi/cluster/boot' }],
    [{ firstboot: 'setup.sh' }, { firstboot: '/home/pi/cluster/setup.sh' }],
    [{ store: 'store' }, { store: '/home/pi/cluster/store' }],
    [{ repo: 'lists/os.json' }, { repo: '/home/pi/cluster/lists/os.json' }],
    [{ repo: 'https://example.org/x' }, { repo: 'https://example.org/x' }],
    [{ image: 'a.img' }, { image: '/home/pi/cluster/a.img' }],
    [{ image: 'latest' }, { image: 'latest' }],
    [{ image: '-' }, { image: '-' }],
    [{ image: 'https://example.org/a.img' }, { image: 'https://example.org/a.img' }],
    [{ image: 'file:///a.img' }, { image: 'file:///a.img' }],
    [
      { sshKeys: ['keys/a.pub', 'default', '~/b.pub'] },
      { sshKeys: ['/home/pi/cluster/keys/a.pub', 'default', '~/b.pub'] },
    ],
    [
      { device: 'cards/red[001,003].img,./b.img,/dev/sd[a,b],slot 3,usb,left.2' },
      {
        device: '/home/pi/cluster/cards/red[001,003].img,/home/pi/cluster/b.img,/dev/sd[a,b],slot 3,usb,left.2',
      },
    ],
  ] as const)
    assert.deepEqual(placed(options), expected);
});

test('card files in a directory whose name would be read as a list have to be named again', () => {
  const odd = { ...ways, cwd: '/home/pi/[1-2]' };
  assert.deepEqual(toJournalOptions({ device: 'cards/a.img' }, odd), { missing: ['device'] });
  assert.deepEqual(toJournalOptions({ device: '/dev/sda' }, odd), { device: '/dev/sda' });
});

test('permissions and questions are not kept', () => {
  const asked: CreateOptions = {
    allowFixed: true,
    allowLarge: true,
    unmount: true,
    attended: true,
    dryRun: true,
    confirm: () => Promise.resolve(true),
    nextCard: () => Promise.resolve(true),
    hostname: 'red001',
  };
  assert.deepEqual(toJournalOptions(asked, ways), { hostname: 'red001' });
});
