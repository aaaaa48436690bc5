// Bad input: one sentence and what to do next, the right exit code, and nothing written, made or left behind.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { makePiImage } from '../fixtures/pi-image.js';
import { mounted } from '../native/scratch.js';
import { makeNoisyCard } from './compare-cards.js';
import { attachLoop, isRoot, MiB, mtoolsEnv, type Ran, type RunOptions, type Workplace, workplace } from './support.js';

const parallel = { concurrency: 2 };
const small = { bootMb: 36, rootMb: 24 };

/** Names, sizes, inodes and times of everything but the store: what a write would change. */
const traces = ({ directory }: Workplace): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('store'))
    .sort()
    .map((name) => {
      const { ino, size, mtimeNs, ctimeNs } = statSync(`${directory}/${name}`, { bigint: true });
      const times = name === 'home' ? '' : ` ${mtimeNs} ${ctimeNs}`;
      return `${name} ${ino} ${size}${times}`;
    });

/** The command refuses, in the form of all refusals, and leaves no trace. */
async function refuses(
  place: Workplace,
  exitCode: number,
  words: RegExp,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const before = traces(place);
  const ran = await place.piburn(args, options);
  const said = `piburn ${args.join(' ')}\n${ran.stderr}`;
  assert.match(ran.stderr, words, said);
  assert.match(ran.stderr, /^piburn: .+[.!?]\n(?: {2}.+\n +\^\n)?Next: .+[.!?]\n$/, said);
  assert.equal(ran.code, exitCode, said);
  assert.deepEqual(traces(place), before, said);
  return ran;
}

/** A workplace with an image in it and a card that is large enough. */
async function withImage(t: TestContext): Promise<Workplace> {
  const place = workplace(t);
  await makePiImage(place.path('pi.img'), 'trixie', small);
  makeNoisyCard(place.path('there.card'), 70 * MiB, 16);
  return place;
}

const usage = 2;
const refused = 3;
const failed = 1;
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVnQ2bLzzoSxn8/NzUzWSBtc3W4tPsQKzGeUPDG4V3z me\n';

/** Options of `create` beside the image; two nodes on two new files where nothing else is said. */
const orders: readonly (readonly [name: string, exitCode: number, words: RegExp, options: string])[] = [
  ['the same device twice', usage, /a\.img/, '--device=a.img,a.img --hostname=red[1-2]'],
  ['one device under two names', refused, /a\.img.*once|again|twice/, '--device=a.img,./a.img --hostname=red[1-2]'],
  ['two equal names', usage, /red1/, '--hostname=red1,red1'],
  ['two names that differ in case only', usage, /red1/i, '--hostname=red1,RED1'],
  ['two equal addresses', usage, /10\.1\.1\.2/, '--hostname=red[1-2] --ipaddr=10.1.1.2,10.1.1.2'],
  ['two equal addresses, one with a prefix', usage, /10\.1\.1\.2/, '--hostname=red[1-2] --ipaddr=10.1.1.2,10.1.1.2/24'],
  ['more names than addresses', usage, /1 address for 2 host names/, '--hostname=red[1-2] --ipaddr=10.1.1.2'],
  ['more targets than names', usage, /2.*1/, '--hostname=red1'],
  ['a name that is no host name', usage, /-red/, '--hostname=-red,blue'],
  ['an underscore in a name', usage, /red_1/, '--hostname=red_[1-2]'],
  ['an address that is none', usage, /10\.1\.1\.256/, '--hostname=red[1-2] --ipaddr=10.1.1.[256-257]'],
  ['the address of the net', usage, /10\.1\.1\.0/, '--hostname=red[1-2] --ipaddr=10.1.1.[0-1]/24'],
  ['the broadcast address', usage, /10\.1\.1\.255/, '--hostname=red[1-2] --ipaddr=10.1.1.[254-255]/24'],
  ['a gateway outside the net', usage, /10\.2\.1\.1/, '--hostname=red[1-2] --ipaddr=10.1.1.[2-3] --gateway=10.2.1.1'],
  ['a gateway that is a node', usage, /10\.1\.1\.2/, '--hostname=red[1-2] --ipaddr=10.1.1.[2-3] --gateway=10.1.1.2'],
  ['a gateway without addresses', usage, /--ipaddr/, '--hostname=red[1-2] --gateway=10.1.1.1'],
  ['a name server that is no address', usage, /dns/, '--hostname=red[1-2] --dns=one.one.one.one'],
  ['a key that is not there', usage, /nokey/, '--hostname=red[1-2] --sshkey=./nokey'],
  ['no default key', usage, /id_ed25519\.pub/, '--hostname=red[1-2] --sshkey=default'],
  ['a private key', usage, /private/, '--hostname=red[1-2] --sshkey=./private'],
  ['a key that was cut off', usage, /cut/, '--hostname=red[1-2] --sshkey=./cut.pub'],
  ['a user without key or password', usage, /alice/, '--hostname=red[1-2] --user=alice'],
  ['a user called root', usage, /root/, '--hostname=red[1-2] --user=root --sshkey=./good.pub'],
  ['settings for an image that takes none', usage, /none/, '--hostname=red[1-2] --flavour=none'],
  ['an unknown flavour', usage, /flavour/i, '--hostname=red[1-2] --flavour=ignition'],
  ['an unknown option', usage, /--verfy/, '--hostname=red[1-2] --verfy'],
  ['no host name', usage, /hostname/, ''],
  ['a block size that is none', usage, /blocksize/, '--hostname=red[1-2] --blocksize=many'],
  ['a block size that is no multiple of 4096', usage, /4096/, '--hostname=red[1-2] --blocksize=1000'],
  ['a password to be asked for without a terminal', usage, /terminal/, '--hostname=red[1-2] --passwd'],
  ['a report in a directory that is not there', usage, /report/, '--hostname=red[1-2] --report=no/report.json'],
  ['a target below a file', refused, /no directory/, '--device=a.img,good.pub/b.img --hostname=red[1-2]'],
  ['a directory as target', refused, /home/, '--device=a.img,home --hostname=red[1-2]'],
  ['a device that is not there', refused, /sdzz/, '--device=a.img,/dev/sdzz --hostname=red[1-2]'],
  ['a device that is no disk', refused, /null/, '--device=a.img,/dev/null --hostname=red[1-2] --yes'],
  ['the image as its own target', refused, /pi\.img/, '--device=a.img,pi.img --hostname=red[1-2] --yes'],
  ['a file that is there, unconfirmed', refused, /terminal/, '--device=a.img,there.card --hostname=red[1-2]'],
  ['a target that is too small', refused, /small/, '--device=a.img,small.card --hostname=red[1-2] --yes'],
];

test('orders that contradict themselves or name the wrong things are refused', parallel, async (t) => {
  const place = await withImage(t);
  writeFileSync(place.path('good.pub'), key);
  writeFileSync(place.path('cut.pub'), key.slice(0, 50));
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', place.path('private')]);
  rmSync(place.path('private.pub'));
  makeNoisyCard(place.path('small.card'), 20 * MiB);
  const refusing = orders.map(([name, exitCode, words, options]) =>
    t.test(name, async () => {
      const device = options.includes('--device') ? [] : ['--device=a.img,b.img'];
      const given = options.split(' ').filter(Boolean);
      await refuses(place, exitCode, words, ['create', '--image=pi.img', ...device, ...given]);
    }),
  );
  await Promise.all(refusing);
  await refuses(place, usage, /target/, ['burn', 'pi.img']);
  await refuses(place, usage, /brun/, ['brun', 'pi.img', 'a.img']);
  const { code, stderr } = await place.piburn([]);
  assert.equal(code, usage);
  assert.match(stderr, /^Usage: piburn [\s\S]*\npiburn: no command was given\.\nNext: /);
});

test('a malformed list is shown with a caret under the character', async (t) => {
  const place = workplace(t);
  const { code, stderr } = await place.piburn(['create', '--image=x', '--device=a', '--hostname=blue,red[1-2']);
  assert.equal(code, usage);
  assert.match(stderr, /^piburn: --hostname: .*\n {2}blue,red\[1-2\n {10}\^\nNext: .*\n$/);
});

test('a partition, a mounted disk and a disk with the image on it are refused', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const place = await withImage(t);
  makeNoisyCard(place.path('parted.card'), 80 * MiB, 16);
  execFileSync('sfdisk', ['--quiet', '--wipe=always', place.path('parted.card')], {
    input: 'label: dos\n2048,8192\n',
    stdio: 'pipe',
  });
  const parted = attachLoop(t, place.path('parted.card'), ['--partscan']);
  if (!existsSync(`${parted}p1`)) execFileSync('partx', ['--add', parted]);
  await refuses(place, refused, new RegExp(`${parted}p1 is a partition`), ['burn', 'pi.img', `${parted}p1`, '--yes']);
  await refuses(place, refused, /parted\.card/, ['burn', 'pi.img', `${parted},parted.card`, '--yes']);

  mkdirSync(place.path('data'));
  copyFileSync(place.path('pi.img'), place.path('data/pi.img'));
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', place.path('data'), place.path('data.card'), '160m'], {
    stdio: 'pipe',
  });
  const disk = attachLoop(t, place.path('data.card'));
  const folder = place.path('data');
  // A file system that is mounted read-only writes nothing to its disk by itself.
  if (!mounted(t, folder, ['-o', 'ro', disk])) return;
  const where = new RegExp(`${disk} is mounted at ${folder}`);
  await refuses(place, refused, where, ['burn', 'pi.img', disk, '--yes']);
  const needed = new RegExp(`${disk} holds ${folder}/pi\\.img`);
  await refuses(place, refused, needed, ['burn', `${folder}/pi.img`, disk, '--yes', '--unmount']);
});

test('what is no image is refused, and the store is left empty', parallel, async (t) => {
  const place = await withImage(t);
  const image = readFileSync(place.path('pi.img'));
  writeFileSync(place.path('empty.img'), '');
  writeFileSync(place.path('text.img'), 'This is no image, but a text.\n'.repeat(1000));
  writeFileSync(place.path('zeros.img'), Buffer.alloc(4 * MiB));
  writeFileSync(place.path('short.img'), image.subarray(0, 50 * MiB));
  writeFileSync(place.path('gzip.img'), execFileSync('gzip', ['-1', '-c', place.path('text.img')]));
  for (const name of ['empty', 'text', 'short'])
    writeFileSync(
      place.path(`${name}.xz`),
      execFileSync('xz', ['-0', '-c', place.path(`${name}.img`)], { maxBuffer: 64 * MiB }),
    );
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['missing.img', usage, /no image missing\.img/],
    ['home', usage, /directory/],
    ['empty.img', failed, /empty/],
    ['text.img', failed, /no partition table/],
    ['zeros.img', failed, /no partition table/],
    ['short.img', failed, /cut short/],
    ['gzip.img', failed, /not a disk image/],
    ['empty.xz', failed, /empty|no partition table/],
    ['text.xz', failed, /no partition table/],
    ['short.xz', failed, /cut short/],
  ];
  const refusing = cases.map(([name, exitCode, words]) =>
    t.test(name, async () => {
      await refusesImage(place, exitCode, words, name);
      if (exitCode === failed) await refusesImage(place, exitCode, words, '-', { stdin: place.path(name) });
    }),
  );
  await Promise.all(refusing);
});

/** Refuses the image for a new file and for a card that is there, and keeps nothing of it. */
async function refusesImage(
  place: Workplace,
  exitCode: number,
  words: RegExp,
  image: string,
  { args = [], ...options }: RunOptions & { readonly args?: readonly string[] } = {},
): Promise<void> {
  const store = mkdtempSync(place.path('store-'));
  await refuses(
    place,
    exitCode,
    words,
    ['burn', image, 'a.img,there.card', '--yes', `--store=${store}`, ...args],
    options,
  );
  const images = `${store}/images`;
  assert.deepEqual(existsSync(images) ? readdirSync(images) : [], [], 'the store keeps nothing of it');
}

/** What happens to a .xz on bad disks and lines; `at` from 0 (its first byte) to 1 (its last). */
const damages: readonly (readonly [name: string, at: number, damage: (whole: Buffer, offset: number) => Buffer])[] = [
  ...[0.0001, 0.3, 0.9].map((at) => [`a bit flipped at ${at}`, at, flipped] as const),
  ['a bit flipped in its last byte', 1, flipped],
  ['a bit flipped in its index', 1, (whole, offset) => flipped(whole, offset - 30)],
  ['its last byte missing', 1, (whole, offset) => whole.subarray(0, offset)],
  ['its second half missing', 0.5, (whole, offset) => whole.subarray(0, offset)],
  ['something else behind it', 1, (whole) => Buffer.concat([whole, Buffer.from('<html>')])],
];

function flipped(whole: Buffer, offset: number): Buffer {
  const copy = Buffer.from(whole);
  copy[offset] = (copy[offset] ?? 0) ^ 0x10;
  return copy;
}

test('a damaged .xz touches no card and leaves no spool, whoever decodes it', parallel, async (t) => {
  const place = await withImage(t);
  execFileSync('xz', ['-0', '--keep', '--block-size=8MiB', place.path('pi.img')]);
  const whole = readFileSync(place.path('pi.img.xz'));
  const bad = (index: number) => place.path(`bad-${index}.xz`);
  for (const [index, [, at, damage]] of damages.entries())
    writeFileSync(bad(index), damage(whole, Math.floor(at * (whole.length - 1))));
  const refusing = damages.map(([name], index) =>
    t.test(name, async () => {
      // A file is known by its index as damaged, a stream only by its decoder.
      for (const decoder of ['--decoder=xz', '--decoder=lzma-native'])
        await refusesImage(place, failed, /standard input/, '-', { stdin: bad(index), args: [decoder] });
      await refusesImage(place, failed, /bad-\d+\.xz/, bad(index));
    }),
  );
  await Promise.all(refusing);
});

test('a boot partition without room for the settings is an error before any card is made', async (t) => {
  const place = workplace(t);
  const { boot } = await makePiImage(place.path('pi.img'), 'bookworm', small);
  const drive = ['-i', `${place.path('pi.img')}@@${boot.offsetBytes}`];
  const listing = execFileSync('mdir', [...drive, '::'], { encoding: 'utf8', env: mtoolsEnv });
  const freeBytes = Number(/([\d ]+) bytes free/.exec(listing)?.[1]?.replaceAll(' ', ''));
  writeFileSync(place.path('filler'), Buffer.alloc(freeBytes - 1024, 1));
  execFileSync('mcopy', [...drive, place.path('filler'), '::filler'], { env: mtoolsEnv, stdio: 'pipe' });
  await refuses(place, failed, /full|room|space/, ['create', '--image=pi.img', '--device=a.img', '--hostname=red']);
});
