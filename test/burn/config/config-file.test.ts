// Config files line by line: what they give, or the message with the line that is wrong.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../../../src/burn/config/config-file.js';
import { settingNames, settingOf } from '../../../src/burn/config/settings.js';
import { PiburnError } from '../../../src/errors.js';
import { scratchFolder } from '../../native/scratch.js';

type Context = Parameters<typeof scratchFolder>[0];

const home = '/home/alice';

/** The file is called `c.yaml` in messages, wherever it lies. */
function read(t: Context, text: string | Uint8Array, mode = 0o600) {
  const path = join(scratchFolder(t), 'c.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { ...readConfig(path, home), folder: path.slice(0, -'/c.yaml'.length) };
}

function complaintOf(t: Context, text: string | Uint8Array): { message: string; hint: string } {
  try {
    read(t, text);
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    assert.equal(error.failure.kind, 'usage');
    const withoutFolder = error.failure.message.replaceAll(/\/\S*\/(?=c\.yaml)/g, '');
    return { message: withoutFolder, hint: error.failure.hint ?? '' };
  }
  throw new Error('this was taken for good');
}

const values: readonly (readonly [text: string, settings: object])[] = [
  ['image: latest-lite', { image: 'latest-lite' }],
  ['ssid: on', { ssid: 'on' }],
  ['ssid: 0123', { ssid: '0123' }],
  ['ssid: 1e3', { ssid: '1e3' }],
  ['ssid: 0x1F', { ssid: '0x1F' }],
  ['ssid: 2026-01-01', { ssid: '2026-01-01' }],
  ['ssid: 1_000', { ssid: '1_000' }],
  ['ssid: .inf', { ssid: '.inf' }],
  ['ssid: "null"', { ssid: 'null' }],
  ['ssid: " caf\\u00e9 #1: \\"x\\" "', { ssid: ' café #1: "x" ' }],
  ["ssid: 'it''s'", { ssid: "it's" }],
  ['ssid: !!str 12', { ssid: '12' }],
  ['passwd: 007', { passwd: '007' }],
  ['dns: 9.9.9.9', { dns: ['9.9.9.9'] }],
  ['dns: [9.9.9.9, 2620:fe::fe]', { dns: ['9.9.9.9', '2620:fe::fe'] }],
  ['dns:\n  - 9.9.9.9\n  - 1.1.1.1', { dns: ['9.9.9.9', '1.1.1.1'] }],
  ['search: &s [a.example]\ndns: *s', { search: ['a.example'], dns: ['a.example'] }],
  ['hidden: yes', { hidden: true }],
  ['hidden: False', { hidden: false }],
  ['cluster-hosts: off', { 'cluster-hosts': false }],
  ['verify: no\nfull: on', { verify: false, full: true }],
  ['ipaddr: 10.1.1.[2-4]/24', { ipaddr: '10.1.1.[2-4]/24' }],
  ['device: [/dev/sda, "/dev/sd[b-c]"]', { device: '/dev/sda,/dev/sd[b-c]' }],
  ['device: /dev/sd[a-f]', { device: '/dev/sd[a-f]' }],
  ['stall-timeout: 120', { 'stall-timeout': '120' }],
  ['# a comment\n\nuser: pi # and another\n', { user: 'pi' }],
  ['\ufeffuser: pi\r\ncountry: NO\r\n', { user: 'pi', country: 'NO' }],
  ['--- \nuser: pi\n...\n', { user: 'pi' }],
];

for (const [text, settings] of values)
  test(`${JSON.stringify(text)} gives ${JSON.stringify(settings)}`, (t) =>
    assert.deepEqual(read(t, text).settings, settings));

test('host names and addresses at the top level become nodes', (t) => {
  const { settings, nodes } = read(t, 'user: pi\nhostname: red[01-02]\nip: 10.1.1.[2-3]\nip6addr: fd00::[a-b]/64\n');
  assert.deepEqual(settings, { user: 'pi' });
  assert.deepEqual(
    nodes.map(({ settings: node }) => node),
    [
      { hostname: 'red01', ipaddr: '10.1.1.2', ip6addr: 'fd00::a/64' },
      { hostname: 'red02', ipaddr: '10.1.1.3', ip6addr: 'fd00::b/64' },
    ],
  );
});

test('nodes are listed one by one or by hostlists, each with its line and its own settings', (t) => {
  const text = `gateway: 10.1.1.1
nodes:
  - hostname: red
    ip: 10.1.1.1/24
    gateway: ~
    ssid: on
  - hostname: [red001, "red[003-004]"]
    ipaddr: [10.1.1.2, "10.1.1.[3-4]"]
    locale: en_GB.UTF-8
`;
  const { nodes, folder } = read(t, text);
  assert.deepEqual(
    nodes.map(({ settings, cleared, line }) => ({ settings, cleared, line })),
    [
      { settings: { hostname: 'red', ipaddr: '10.1.1.1/24', ssid: 'on' }, cleared: ['gateway'], line: 3 },
      ...['red001 10.1.1.2', 'red003 10.1.1.3', 'red004 10.1.1.4'].map((words) => {
        const [hostname, ipaddr] = words.split(' ');
        return { settings: { hostname, ipaddr, locale: 'en_GB.UTF-8' }, cleared: [], line: 7 };
      }),
    ],
  );
  assert.equal(nodes[0]?.labels.ipaddr, `${folder}/c.yaml:4: ip`);
  assert.equal(nodes[2]?.labels.locale, `${folder}/c.yaml:9: locale`);
});

test('nodes called on, 0123 and 1e3 are called that', (t) => {
  const { nodes } = read(t, 'nodes: [{hostname: on}, {hostname: 0123x}, {hostname: 1e3}, {hostname: no}]');
  assert.deepEqual(
    nodes.map(({ settings }) => settings.hostname),
    ['on', '0123x', '1e3', 'no'],
  );
});

test('relative paths are relative to the file, and names are no paths', (t) => {
  const text = `image: pi.img.xz
device: cards/red[1,3].img,/dev/sda,./x.img,~/y.img
store: cache
files: ~/boot
firstboot: ../setup.sh
sshkey: [default, alice.pub, keys/bob.pub, ~/.ssh/c.pub, /etc/d.pub]
`;
  const { settings, folder } = read(t, text);
  assert.deepEqual(settings, {
    image: `${folder}/pi.img.xz`,
    device: `${folder}/cards/red[1,3].img,/dev/sda,${folder}/x.img,${home}/y.img`,
    store: `${folder}/cache`,
    files: `${home}/boot`,
    firstboot: `${folder.slice(0, folder.lastIndexOf('/'))}/setup.sh`,
    sshkey: ['default', 'alice.pub', `${folder}/keys/bob.pub`, '~/.ssh/c.pub', '/etc/d.pub'],
  });
});

test('an image is a file where there is one beside the config, and else a name or an address', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'c.yaml');
  const image = (word: string) => {
    writeFileSync(path, `image: ${word}\n`);
    return readConfig(path).settings.image;
  };
  assert.equal(image('latest'), 'latest');
  assert.equal(image('x'.repeat(5000)), 'x'.repeat(5000));
  assert.equal(image('https://example.org/a/b.img'), 'https://example.org/a/b.img');
  assert.equal(image('"-"'), '-');
  writeFileSync(join(folder, 'golden'), '');
  assert.equal(image('golden'), join(folder, 'golden'));
});

test('targets in a folder whose name looks like a hostlist must be absolute', (t) => {
  const folder = join(scratchFolder(t), 'rack[1-2]');
  mkdirSync(folder);
  const path = join(folder, 'c.yaml');
  writeFileSync(path, 'device: a.img\n');
  assert.throws(() => readConfig(path), /c\.yaml:1: device is a relative path/);
  writeFileSync(path, 'device: /dev/sda\n');
  assert.equal(readConfig(path).settings.device, '/dev/sda');
});

const bad: readonly (readonly [text: string, message: RegExp, hint?: RegExp])[] = [
  ['', /^c\.yaml is empty$/, /image: latest-lite/],
  ['# only words\n', /^c\.yaml is empty$/],
  ['---\n', /^c\.yaml is empty$/],
  ['just words', /^c\.yaml:1: this is no block/],
  ['- a\n- b', /^c\.yaml:1: this is no block/],
  ['user: pi\ngatway: 10.1.1.1', /^c\.yaml:2: 'gatway' is no setting; did you mean gateway\?$/, /gateway: 10\.1\.1\.1/],
  ['nodes:\n- hostname: a\n  password: x', /^c\.yaml:3: 'password' is no setting; did you mean passwd\?/],
  ['hostnames: a', /did you mean hostname\?/],
  ['usre: a', /did you mean user\?/],
  ['Gateway: a', /did you mean gateway\?/],
  ['cluster_hosts: yes', /did you mean cluster-hosts\?/],
  ['nameserver: 1.1.1.1', /did you mean dns\?/],
  ['node: []', /did you mean nodes\?/],
  ['xyzzyplugh: 1', /^c\.yaml:1: 'xyzzyplugh' is no setting$/, /there are: nodes, image/],
  ['__proto__: 1', /'__proto__' is no setting/],
  ['constructor: 1', /'constructor' is no setting/],
  ['yes: true', /^c\.yaml:1: yes belongs on the command line/, /--yes/],
  ['allow-large: yes', /^c\.yaml:1: allow-large gives up a protection/, /--allow-large/],
  ['defaults:\n  user: pi', /^c\.yaml:1: there is no block called defaults/, /top level/],
  ['nodes:\n- hostname: a\n  image: x', /^c\.yaml:3: image is the same for all nodes/, /top level/],
  ['user: [a, b]', /^c\.yaml:1: user must be one value, not a list/, /user: pi/],
  ['user: {name: a}', /^c\.yaml:1: user must be one value, not a block/, /user: pi/],
  ['hostname: {a: b}', /hostname must be a hostlist/],
  ['dns: {a: b}', /dns must be a value or a list of values/],
  ['dns:\n - 1.1.1.1\n - [2.2.2.2]', /^c\.yaml:3: dns must be .* one of its items is no value/],
  ['dns:\n - 1.1.1.1\n -', /^c\.yaml:3: dns/],
  ['dns: []', /^c\.yaml:1: dns is an empty list/],
  ['hidden: maybe', /^c\.yaml:1: hidden must be yes or no, not 'maybe'/, /hidden: yes/],
  ['hidden: "yes"', /hidden must be yes or no, not 'yes'/],
  ['hidden: 1', /hidden must be yes or no/],
  ['hidden: [yes]', /hidden must be yes or no, not a list/],
  ['gateway:', /^c\.yaml:1: gateway has no value/, /gateway: 10\.1\.1\.1/],
  ['gateway: ~', /gateway has no value/],
  ['gateway: ""', /gateway is empty/],
  ['nodes:\n- hostname: a\n  gateway: ~', /^c\.yaml:3: gateway has no value/],
  ['nodes:\n- hostname: ~', /^c\.yaml:2: this node has no hostname/],
  ['nodes:\n- ipaddr: 10.1.1.1', /^c\.yaml:2: this node has no hostname/],
  ['user: pi\nnodes: []', /^c\.yaml:2: nodes must be a list/],
  ['nodes:', /^c\.yaml:1: nodes must be a list/],
  ['nodes: {red: {ip: 1}}', /^c\.yaml:1: nodes must be a list/],
  ['nodes:\n- red001', /^c\.yaml:2: a node must be a block/],
  ['hostname: a\nnodes:\n- hostname: b', /^c\.yaml:2: nodes are described here and by hostname .*c\.yaml:1: hostname/],
  ['ip6addr: fd00::1\nnodes:\n- hostname: b', /by ip6addr at the top level/],
  ['ssid: "a\\nb"', /^c\.yaml:1: there is a line break or another control character in ssid/],
  ['ssid: |\n  a\n  b', /control character in ssid/],
  ['ssid: "a\\x00b"', /control character in ssid/],
  ['user: pi\nuser: po', /^c\.yaml:2: user is there twice, first in line 1/],
  [
    'nodes:\n- hostname: a\n  ip: 10.1.1.1\n  user: b\n  ip: 10.1.1.2',
    /^c\.yaml:5: ip is there twice, first in line 3/,
  ],
  ['ip: 10.1.1.1\nipaddr: 10.1.1.2', /^c\.yaml:2: ipaddr is the same setting as in c\.yaml:1: ip$/],
  ['a: b: c', /^c\.yaml:1: /, /indent/],
  ['user: pi\n\tx: y', /^c\.yaml:2: a line is indented with a tab/, /spaces/],
  ['nodes:\n\t- hostname: a', /^c\.yaml:2: a line is indented with a tab/],
  ['user: "pi', /^c\.yaml:1: a quote, bracket or colon is missing/],
  ['passwd: @home', /^c\.yaml:1: a value begins with a character that YAML keeps/, /quotes/],
  ['passwd: "a\\qb"', /begins no known escape/, /single quotes/],
  ['nodes: [{hostname: red[1-3]}]', /^c\.yaml:1: there is something here that YAML does not expect/, /quotes/],
  ['user: a\n---\nuser: b', /^c\.yaml:2: a second document begins here/],
  ['user: !!int 3', /^c\.yaml:1: a '!' begins a tag/, /quotes/],
  ['passwd: !secret', /a '!' begins a tag/],
  ['passwd: *secret', /^c\.yaml:1: a '\*' begins an alias/, /quotes/],
  ['dns: &a [*a]', /a '\*' begins an alias/],
  ['nodes:\n- &a\n  hostname: b\n- <<: *a', /^c\.yaml:4: merge keys/],
  ['? [a]\n: b', /a name is missing before the colon/],
  ['hostname: red[3-1]', /^c\.yaml:1: hostname: the range '3-1' runs backwards/],
  ['hostname: red[1-3]\nipaddr: 10.1.1.[2-3]', /^c\.yaml:2: ipaddr: 2 addresses for 3 host names/],
  ['hostname: a\nip6addr: [fd00::1, fd00::2]', /c\.yaml:2: ip6addr: 2 addresses for 1/],
  [`nodes:\n- hostname: a[1-9999]\n- hostname: b\n- hostname: c`, /more than 10000 nodes/],
];

for (const [text, message, hint] of bad)
  test(`${JSON.stringify(text)} is refused: ${message.source}`, (t) => {
    const complaint = complaintOf(t, text);
    assert.match(complaint.message, message);
    assert.match(complaint.hint, hint ?? /./);
  });

const twice: readonly (readonly [first: string, second: string, what: RegExp])[] = [
  ['hostname: red', 'hostname: RED', /c\.yaml:4: hostname: the host name 'RED' is that in c\.yaml:2: hostname too/],
  ['hostname: red[1-3]', 'hostname: red2', /c\.yaml:4: hostname: the host name 'red2' .* c\.yaml:2: hostname/],
  [
    'hostname: a\n  ip: 10.1.1.2/24',
    'hostname: b\n  ipaddr: 10.1.1.2/16',
    /c\.yaml:6: ipaddr: the address '10.1.1.2\/16' of b is that of a in c\.yaml:3: ip too/,
  ],
  [
    'hostname: a\n  ip6addr: fd00::2/64',
    'hostname: b\n  ip6addr: FD00:0:0::0002',
    /c\.yaml:6: ip6addr: the address 'FD00:0:0::0002' of b is that of a in c\.yaml:3: ip6addr too/,
  ],
];

for (const [first, second, message] of twice)
  test(`two nodes with the same thing are refused, and both lines named: ${first}, ${second}`, (t) => {
    assert.match(complaintOf(t, `nodes:\n- ${first}\n\n- ${second}\n`).message, message);
  });

test('no message shows a password', (t) => {
  const ways = [
    '[hunter2, x]',
    '{hunter2: x}',
    '"hunter2\\n"',
    '!hunter2',
    '*hunter2',
    '&hunter2',
    '@hunter2',
    '"hunter2',
  ];
  for (const way of ways)
    for (const name of ['passwd', 'wifipassword'])
      assert.doesNotMatch(JSON.stringify(complaintOf(t, `user: pi\n${name}: ${way}\n`)), /hunter2/, way);
});

test('a secret that others can read is warned of, and not shown', (t) => {
  const text = 'user: pi\nnodes:\n- hostname: a\n  passwd: hunter2\n';
  const [warning, ...more] = read(t, text, 0o640).warnings;
  assert.match(warning ?? '', /c\.yaml:4: passwd is a secret.*\(mode 0640\): chmod 600/);
  assert.doesNotMatch(warning ?? '', /hunter2/);
  assert.deepEqual(more, []);
  assert.deepEqual(read(t, text, 0o600).warnings, []);
  assert.deepEqual(read(t, 'passwd: random\n', 0o644).warnings, []);
  assert.equal(read(t, 'wifipassword: "12345678"\n', 0o604).warnings.length, 1);
});

test('a file that is too large, no text, a directory or not there is refused', (t) => {
  assert.match(complaintOf(t, `user: pi\n${'#'.repeat(1024 * 1024)}`).message, /c\.yaml is larger than 1 MiB/);
  assert.match(
    complaintOf(t, Buffer.from('user: pi\nssid: caf\xe9\n', 'latin1')).message,
    /c\.yaml:2: this is not UTF-8/,
  );
  assert.match(complaintOf(t, Buffer.from('user: pi\n', 'utf16le')).message, /c\.yaml:1: this is not UTF-8/);
  const folder = scratchFolder(t);
  assert.throws(() => readConfig(folder), /is a directory/);
  assert.throws(() => readConfig(join(folder, 'none.yaml')), /none\.yaml does not exist/);
});

test('a pipe is read like a file', () => {
  const program = `import(${JSON.stringify(new URL('../../../src/burn/config/config-file.js', import.meta.url))})
    .then(({ readConfig }) => process.stdout.write(JSON.stringify(readConfig('/dev/stdin').settings)))`;
  const shell = ['-c', 'echo user: pi | "$0" -e "$1"', process.execPath, program];
  const output = execFileSync('sh', shell, { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), { user: 'pi' });
});

test('aliases that multiply are refused before they are followed', (t) => {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  assert.match(complaintOf(t, `a0: &a0 x\n${levels.join('\n')}\n`).message, /more than 200000 values/);
});

test('a small file with very many nodes is refused before they fill the memory', (t) => {
  const blocks = Array.from({ length: 2000 }, (_, index) => `- hostname: n${index}x[1-100000]\n`);
  assert.match(complaintOf(t, `nodes:\n${blocks.join('')}`).message, /more than 10000 nodes/);
});

test('a file made to be slow or deep is refused', (t) => {
  assert.match(complaintOf(t, '['.repeat(20_000)).message, /c\.yaml:1: /);
  assert.match(complaintOf(t, `dns: ${'['.repeat(30)}${']'.repeat(30)}`).message, /too many levels/);
  assert.match(complaintOf(t, 'a:\n'.repeat(60_000)).message, /c\.yaml:2: a is there twice/);
});

test('the example of every setting is one that is taken', (t) => {
  for (const name of settingNames) {
    const { settings, nodes } = read(t, `${name}: ${settingOf(name).example}\n`);
    assert.ok(name in settings || name === 'hostname', name);
    assert.equal(nodes.length, name === 'hostname' ? 3 : 0);
  }
});

test('any value in double quotes comes back as it is', (t) => {
  const path = join(scratchFolder(t), 'c.yaml');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (ssid) => {
      fc.pre(!/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(ssid));
      writeFileSync(path, `ssid: ${JSON.stringify(ssid)}\n`);
      assert.equal(readConfig(path).settings.ssid, ssid);
    }),
  );
});

test('any text is either read or refused with a usage error', (t) => {
  const path = join(scratchFolder(t), 'c.yaml');
  const pieces = fc.constantFrom(
    'nodes:',
    'hostname:',
    'ip:',
    ' ',
    '  ',
    '\n',
    '\n- ',
    '- ',
    'red',
    '[1-3]',
    '10.1.1.2',
    '&a',
    '*a',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '~',
    '!',
    '|',
    '>',
    '#',
    '<<:',
    '?',
    ':',
    'dns:',
    'hidden:',
    'yes',
    '\t',
    '---',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), (words) => {
      writeFileSync(path, words.join(''));
      try {
        readConfig(path);
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.kind === 'usage', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
