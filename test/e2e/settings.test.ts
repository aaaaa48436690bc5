// Settings from the command line, config files and inventories to what stands on the cards, and the files that come after
// a burn: looked at by mtools, debugfs, e2fsck and ssh.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { makePiImage, type PiImageKind, type PiImageLayout } from '../fixtures/pi-image.js';
import { bootFile, checkFileSystems, goodSummary, planOf, type Workplace, workplace } from './support.js';

interface Prepared extends Workplace {
  readonly layout: PiImageLayout;
}

/** A workplace with a small image, `pi.img`, and a key, `key.pub`. */
async function prepared(t: TestContext, kind: PiImageKind = 'trixie'): Promise<Prepared> {
  const place = workplace(t);
  const layout = await makePiImage(place.path('pi.img'), kind, { bootMb: 36, rootMb: 24 });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', place.path('key')]);
  return { ...place, layout };
}

const yes = ['--json', '--yes'];

const config = `
image: pi.img
device: red[001-003].card
sshkey: ./key.pub
gateway: 10.1.1.1
timezone: Europe/London
ssid: "a: b$'c"
wifipassword: "correct horse"
country: GB
nodes:
  - hostname: red001
    ipaddr: 10.1.1.2/24
  - hostname: red[002-003]
    ipaddr: 10.1.1.[3-4]/24
    user: bob
`;

test('a config file describes a whole run, and the command line wins over it', async (t) => {
  const { piburn, path, layout } = await prepared(t);
  writeFileSync(path('cluster.yaml'), config, { mode: 0o600 });
  const ran = await piburn(['create', '--config=cluster.yaml', '--timezone=Asia/Tokyo', ...yes]);
  const { cards } = goodSummary(ran);
  assert.deepEqual(
    cards.map(({ hostname, address }) => `${hostname} ${address}`),
    ['red001 10.1.1.2/24', 'red002 10.1.1.3/24', 'red003 10.1.1.4/24'],
  );
  const userData = bootFile(path('red002.card'), layout, 'user-data');
  assert.match(userData, /^ {2}name: "bob"$/m);
  assert.match(userData, /^timezone: "Asia\/Tokyo"$/m);
  assert.match(userData, /10\.1\.1\.2 red001/, 'the cluster’s hosts are there');
  assert.match(bootFile(path('red001.card'), layout, 'user-data'), /^ {2}name: "pi"$/m);
  const network = bootFile(path('red001.card'), layout, 'network-config');
  assert.match(network, /"a: b\$'c":/);
  assert.ok(!network.includes('correct horse') && !ran.stdout.includes('correct horse'), 'only the key is written');
  const again = await piburn(['create', '--config=cluster.yaml', '--hostname=red003', '--device=one.card', ...yes]);
  assert.equal(goodSummary(again).cards[0].address, '10.1.1.4/24');
});

test('errors of a config file name file and line', async (t) => {
  const { piburn, path } = await prepared(t);
  const refused: readonly (readonly [string, RegExp])[] = [
    [config.replace('gateway:', 'gatway:'), /cluster\.yaml:5: .*gatway.*/],
    [
      config.replace('10.1.1.[3-4]/24', '10.1.1.[2-3]/24'),
      /10\.1\.1\.2.*cluster\.yaml:1[0-4]|cluster\.yaml:1[0-4].*10\.1\.1\.2/,
    ],
    [config.replace('gateway: 10.1.1.1', 'gateway: 10.1.1.300'), /cluster\.yaml:5: gateway: '10\.1\.1\.300'/],
    [config.replace('country: GB', 'country: UK'), /cluster\.yaml:9: country: 'UK'/],
  ];
  for (const [text, message] of refused) {
    writeFileSync(path('cluster.yaml'), text, { mode: 0o600 });
    const { code, stderr } = await piburn(['create', '--config=cluster.yaml', '--yes']);
    assert.deepEqual([code, existsSync(path('red001.card'))], [2, false], stderr);
    assert.match(stderr, message);
  }
});

test('an inventory gives the nodes', async (t) => {
  const { piburn, path, layout } = await prepared(t);
  writeFileSync(
    path('nodes.csv'),
    'hostname,ipaddr,keymap\nred001,10.1.1.2/24,gb\nred002,10.1.1.3/24,"de(nodeadkeys)"\n',
  );
  const args = ['--inventory=nodes.csv', '--image=pi.img', '--device=r[1-2].card', '--sshkey=./key.pub'];
  goodSummary(await piburn(['create', ...args, ...yes]));
  assert.match(bootFile(path('r2.card'), layout, 'user-data'), /variant: "nodeadkeys"/);
});

test('--passwd=random makes a password for each card, which only the report tells', async (t) => {
  const { piburn, path, layout } = await prepared(t);
  const args = ['create', '--image=pi.img', '--device=r[1-2].card', '--hostname=r[1-2]', '--passwd=random', ...yes];
  const { code, stderr } = await piburn(args);
  assert.equal(code, 2);
  assert.match(stderr, /only the report tells/);
  const ran = await piburn([...args, '--report=report.json']);
  goodSummary(ran);
  assert.equal(statSync(path('report.json')).mode & 0o777, 0o600);
  const { cards }: { cards: { password: string }[] } = JSON.parse(readFileSync(path('report.json'), 'utf8'));
  const [first, second] = cards.map(({ password }) => password);
  assert.ok(first && second && first !== second && first.length >= 16);
  assert.ok(!ran.stdout.includes(first) && !ran.stderr.includes(first), 'nowhere else');
  const hash = /passwd: "(\$6\$([^$]+)\$[^"]+)"/.exec(bootFile(path('r1.card'), layout, 'user-data'));
  const made = execFileSync('openssl', ['passwd', '-6', '-salt', hash?.[2] ?? '', first], { encoding: 'utf8' });
  assert.equal(made.trim(), hash?.[1]);
});

test('--files and --firstboot go onto the boot partition as they are', async (t) => {
  const { piburn, path, layout } = await prepared(t);
  mkdirSync(path('extra/deep'), { recursive: true });
  writeFileSync(path('extra/deep/Site settings.txt'), 'one\n');
  writeFileSync(path('extra/config.txt'), 'dtparam=audio=off\n');
  writeFileSync(path('first.sh'), '#!/bin/sh\necho "$HOSTNAME" >/root/was-here\n');
  const args = ['--image=pi.img', '--device=r.card', '--hostname=red', '--files=extra', '--firstboot=first.sh'];
  goodSummary(await piburn(['create', ...args, ...yes]));
  assert.equal(bootFile(path('r.card'), layout, 'deep/Site settings.txt'), 'one\n');
  assert.equal(bootFile(path('r.card'), layout, 'config.txt'), 'dtparam=audio=off\n');
  assert.match(bootFile(path('r.card'), layout, 'piburn-firstboot'), /was-here/);
  checkFileSystems(t, path('r.card'), layout);
  writeFileSync(path('extra/cmdline.txt'), 'mine');
  const refused = await piburn(['create', ...args, '--yes']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /cmdline\.txt/);
});

test('ssh, Ansible and a hosts file learn of the good cards', async (t) => {
  const { piburn, path, directory } = await prepared(t);
  const args = ['create', '--image=pi.img', '--device=r[1-2].card', '--hostname=red[1-2]', '--ipaddr=10.1.1.[2-3]'];
  const after = ['--ssh-config', '--ansible=inventory.yaml', '--hosts=hosts.txt', '--sshkey=./key.pub', '--user=alice'];
  goodSummary(await piburn([...args, ...after, ...yes], { env: { HOME: directory } }));
  const ssh = execFileSync('ssh', ['-G', '-F', path('.ssh/config.d/piburn'), 'red2'], { encoding: 'utf8' });
  assert.match(ssh, /^hostname 10\.1\.1\.3$/m);
  assert.match(ssh, /^user alice$/m);
  assert.match(readFileSync(path('.ssh/config'), 'utf8'), /Include config\.d\/piburn/);
  assert.match(readFileSync(path('hosts.txt'), 'utf8'), /^10\.1\.1\.2\s+red1$/m);
  assert.match(readFileSync(path('inventory.yaml'), 'utf8'), /ansible_host: "?10\.1\.1\.3/);
  const refused = await piburn([...args, '--hosts=/etc/hosts', '--yes']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /this machine's own hosts/);
});

test('a setting that the image cannot take is an error; a default that it cannot take is left out', async (t) => {
  const { piburn, path } = await prepared(t);
  const bare = path('bare.img');
  execFileSync('cp', ['--sparse=always', path('pi.img'), bare]);
  for (const name of ['user-data', 'meta-data', 'issue.txt', 'cmdline.txt'])
    execFileSync('mdel', ['-i', `${bare}@@${(await layoutOf(bare)).offsetBytes}`, `::${name}`], {
      env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
    });
  // Neither its boot partition nor its root says what it is.
  const root = openSync(bare, 'r+');
  writeSync(root, Buffer.alloc(8192), 0, 8192, (await layoutOf(bare, 1)).offsetBytes);
  closeSync(root);
  const args = ['create', '--image=bare.img', '--device=b.card', '--hostname=red'];
  const { code, stderr } = await piburn([...args, '--yes']);
  assert.equal(code, 2);
  assert.match(stderr, /--hostname cannot be applied to an image of flavour 'none'/);
  assert.ok(!existsSync(path('b.card')));
});

/** Where a partition of an image lies; 0 is the first one. */
async function layoutOf(image: string, index = 0): Promise<{ offsetBytes: number }> {
  const table = JSON.parse(execFileSync('sfdisk', ['--json', image], { encoding: 'utf8' }));
  return { offsetBytes: table.partitiontable.partitions[index].start * 512 };
}

test('--dryrun shows every file with its secrets replaced', async (t) => {
  const { piburn, path } = await prepared(t, 'bookworm');
  const args = ['--image=pi.img', '--device=r.card', '--hostname=red', '--ssid=net', '--wifipassword=correct horse'];
  const ran = await piburn(['create', ...args, '--passwd=hunter22', '--dryrun', ...yes]);
  assert.equal(ran.code, 0, ran.stderr);
  const { cards, image } = planOf(ran);
  assert.equal(image.flavour, 'firstrun');
  const text = JSON.stringify(cards);
  assert.ok(text.includes('(secret)') && !text.includes('hunter22') && !text.includes('correct horse'));
  assert.ok(!/\$6\$|[0-9a-f]{64}/.test(text), 'neither a hash nor a key');
  assert.ok(!existsSync(path('r.card')));
});
