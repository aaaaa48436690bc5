// The command line by itself: what it offers, what it says of itself, and what it does not take.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { workplace } from '../e2e/support.js';

const shared = [
  '--sha256 <digest>',
  '--max-size <size>',
  '--no-bmap',
  '--keep',
  '--repo <list>',
  '--verify',
  '--no-verify',
  '--full',
  '--delta',
  '--background',
  '--blocksize <size>',
  '--size <size>',
  '--early',
  '--decoder <name>',
  '--store <dir>',
  '--dryrun',
  '-y, --yes',
  '--unmount',
  '--allow-fixed',
  '--allow-large',
  '--no-probe',
  '--format',
  '--eject',
  '--no-eject',
  '--jobs <number>',
  '--stall-timeout <seconds>',
  '--json',
  '--report <file>',
  '--verbose',
];

/** What the help of each command must name. */
const offered: Readonly<Record<string, readonly string[]>> = {
  create: [
    ...shared,
    '--image <image>',
    '--device <devices>',
    '--resume',
    '--auto',
    '--wait <seconds>',
    '--retries <number>',
    '--hostname <names>',
    '--ipaddr <addresses>',
    '--gateway <address>',
    '--dns <address>',
    '--user <name>',
    '--passwd [password]',
    '--sshkey <key>',
    '--config <file>',
    '--inventory <file>',
    '--ip6addr <addresses>',
    '--gateway6 <address>',
    '--search <domain>',
    '--interface <name>',
    '--ssid <name>',
    '--wifipassword [password]',
    '--hidden',
    '--country <code>',
    '--locale <name>',
    '--timezone <zone>',
    '--keymap <layout>',
    '--cluster-hosts',
    '--no-cluster-hosts',
    '--files <dir>',
    '--firstboot <script>',
    '--rootfs',
    '--ssh-config',
    '--ansible <file>',
    '--hosts <file>',
    '--reserve',
    '--flavour <name>',
  ],
  burn: [...shared, '<image>', '[devices]'],
  demo: ['--dir <dir>'],
};

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

for (const [command, options] of Object.entries(offered))
  test(`the help of ${command} names every option and explains it`, async (t) => {
    const { code, stdout, stderr } = await workplace(t).piburn([command, '--help']);
    assert.deepEqual([code, stderr], [0, '']);
    for (const option of options) assert.ok(stdout.includes(option), option);
    const named = [...stdout.matchAll(/^ {2}((?:-\w, )?--[^ ]+(?: [<[][^>\]]+[>\]])?)(.*)$/gm)];
    assert.deepEqual(
      named.map(([, option = '']) => option).filter((option) => !options.includes(option)),
      ['-h, --help'],
    );
    assert.match(stdout, new RegExp(`^Usage: piburn ${command} `));
  });

test('the help of piburn names every command, the exit codes and an example', async (t) => {
  const { code, stdout } = await workplace(t).piburn(['--help']);
  assert.equal(code, 0);
  for (const command of Object.keys(offered)) assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
  assert.match(stdout, /Exit codes: 0 .* 1 .* 2 .* 3 .* 130 /);
  assert.match(stdout, /piburn create --image=/);
  assert.ok(stdout.split('\n').every((line) => line.length <= 120));
});

test('help in other words is the same help', async (t) => {
  const { piburn } = workplace(t);
  const { stdout } = await piburn(['create', '--help']);
  assert.equal((await piburn(['help', 'create'])).stdout, stdout);
  assert.equal((await piburn(['create', '-h'])).stdout, stdout);
});

test('piburn alone shows its help and what is missing', async (t) => {
  const { code, stdout, stderr } = await workplace(t).piburn([]);
  assert.equal(code, 2);
  assert.match(stdout + stderr, /Usage: piburn \[options\] \[command\]/);
  assert.match(stderr, /no command was given/);
});

test('the version is that of the package', async (t) => {
  const { piburn } = workplace(t);
  for (const option of ['--version', '-V']) {
    const { code, stdout } = await piburn([option]);
    assert.deepEqual([code, stdout], [0, `${version}\n`]);
  }
});

const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [['brun'], /unknown command 'brun'/],
  [['--nonsense'], /unknown option '--nonsense'/],
  [['create', '--image=a.img', '--hostname=red', '--nonsense'], /unknown option '--nonsense'/],
  [['burn', 'a.img', 'b.img', '--nonsense'], /unknown option '--nonsense'/],
  [['burn', 'a.img', 'b.img', 'c.img'], /too many arguments/],
  [['burn'], /missing required argument 'image'/],
  [['burn', 'a.img'], /no target was given/],
  [['create', '--hostname=red'], /no image was given/],
  [['create', '--image=a.img'], /no host name was given/],
  [['create', '--image'], /'--image <image>' argument missing/],
  [['create', '--image=a.img', '--hostname=red', '--device=c.img', '--decoder=7z'], /'7z' is invalid.*auto/],
  [['create', '--image=a.img', '--hostname=red', '--device=c.img', '--flavour=vanilla'], /'vanilla' is invalid/],
  [
    ['create', '--image=a.img', '--hostname=red', '--device=c.img', '--ip=10.0.0.2', '--ipaddr=10.0.0.2'],
    /same option/,
  ],
  [['create', '--image=a.img', '--hostname=red', '--device=c.img', '--passwd'], /no terminal/],
  [['burn', 'a.img', 'c.img', '--blocksize=1000'], /1000 bytes is not a multiple of 4096/],
  [['burn', 'a.img', 'c.img', '--blocksize=lots'], /--blocksize: 'lots' is no size/],
  [['burn', 'a.img', 'c.img', '--size=100'], /100 bytes is too small/],
  [['burn', 'a.img', 'c.img', '--stall-timeout=0.5'], /under one second/],
  [['burn', 'a.img', 'c.img', '--report=nowhere/report.json'], /report nowhere\/report\.json cannot be written/],
  [['demo', 'extra'], /too many arguments/],
];

for (const [args, words] of wrong)
  test(`piburn ${args.join(' ')} is a usage error that says why, and makes no file`, async (t) => {
    const { piburn, directory } = workplace(t);
    const { code, stdout, stderr } = await piburn(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, words);
    assert.match(stderr, /^Next: /m);
    assert.ok(!/^ {4}at /m.test(stderr), 'no stack');
    assert.deepEqual(readdirSync(directory), ['home']);
  });

test('the stack of an error is there for those who ask', async (t) => {
  const { code, stderr } = await workplace(t).piburn(['burn', 'a.img', 'c.img', '--size=x', '--verbose']);
  assert.equal(code, 2);
  assert.match(stderr, /^ {4}at /m);
});

test('DEV stands in for the target, and an option beats it', async (t) => {
  const { piburn, directory } = workplace(t);
  const args = ['create', '--image=a.img', '--hostname=red'];
  const byEnvironment = await piburn(args, { env: { DEV: 'card[2-1].img' } });
  assert.match(byEnvironment.stderr, /card\[2-1\]\.img/);
  const byOption = await piburn([...args, '--device=other[2-1].img'], { env: { DEV: 'card.img' } });
  assert.match(byOption.stderr, /other\[2-1\]\.img/);
  assert.deepEqual(readdirSync(directory), ['home']);
});
