// Host name, hosts, time zone, language and keyboard; and doing it all twice.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { planRootEdits } from '../../../src/customise/root/root-files.js';
import type { Node } from '../../../src/protocol.js';
import {
  type Changes,
  debianFiles,
  debianTree,
  edited,
  edits,
  FakeRoot,
  fullNode,
  nodeWith,
  now,
  withEdits,
} from './debian-root.js';

const seed = Number(process.env['PIBURN_SEED'] ?? 1);

const named = (changes: Changes = {}, fields: Partial<Node> = {}) =>
  edited({ hostname: 'red001', ...fields }, debianTree(changes));

test('the host name is in its file and on its own line of hosts, and every other line stays a line', () => {
  const root = named();
  assert.equal(root.text('/etc/hostname'), 'red001\n');
  assert.equal(
    root.text('/etc/hosts'),
    debianFiles['/etc/hosts']?.replace('127.0.1.1\traspberrypi', '127.0.1.1\tred001'),
  );
});

test('hosts of all kinds keep their lines: without a last line end, with CR LF, empty, or missing', () => {
  for (const [before, after] of [
    ['127.0.0.1 localhost', '127.0.0.1 localhost\n127.0.1.1\tred001\n'],
    [
      '127.0.0.1 localhost\r\n127.0.1.1 old\r\n10.0.0.9 x\r\n',
      '127.0.0.1 localhost\r\n127.0.1.1\tred001\n10.0.0.9 x\r\n',
    ],
    ['', '127.0.1.1\tred001\n'],
    [' 127.0.1.1 a b # c\n127.0.1.1\told\n127.0.1.10 x\n', '127.0.1.1\tred001\n127.0.1.10 x\n'],
    [undefined, '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\tred001\n'],
  ] as const) {
    assert.equal(named({ '/etc/hosts': before }).text('/etc/hosts'), after, JSON.stringify(before));
  }
});

test('the hosts of the cluster stand between markers and replace those of an earlier burn', () => {
  const hosts = [
    { address: '10.1.1.2', names: ['red001', 'red001.lab'] },
    { address: '10.1.1.3', names: ['red002', 'r2'] },
  ];
  const block = '# piburn begins\n10.1.1.3 red002 r2\n# piburn ends\n';
  const fresh = named({ '/etc/hosts': 'a\n# piburn ends\n# piburn begins\nb\n' }, { hosts }).text('/etc/hosts');
  assert.equal(fresh, `a\n# piburn ends\n# piburn begins\nb\n127.0.1.1\tred001\n${block}`);
  const earlier = 'a\n# piburn begins\n10.1.1.9 old\n# piburn ends\nb\n';
  assert.equal(named({ '/etc/hosts': earlier }, { hosts }).text('/etc/hosts'), `a\nb\n127.0.1.1\tred001\n${block}`);
});

test('links are followed inside the root, and those that lead out of the image are replaced', () => {
  const inside = named({
    '/etc/hostname': '-> ../../../var/lib/hostname',
    '/var/lib/hostname': 'x\n',
    '/etc/hosts': '-> /etc/hosts.d/a',
    '/etc/hosts.d/a': 'y\n',
  });
  assert.equal(inside.linkTarget('/etc/hostname'), '../../../var/lib/hostname');
  assert.equal(inside.text('/var/lib/hostname'), 'red001\n');
  assert.equal(inside.text('/etc/hosts.d/a'), 'y\n127.0.1.1\tred001\n');
  for (const target of ['/run/hostname', '/nowhere/hostname', '../gone']) {
    const root = named({ '/etc/hostname': `-> ${target}`, '/run/hostname': 'x\n' });
    assert.equal(root.linkTarget('/etc/hostname'), undefined, target);
    assert.equal(root.text('/etc/hostname'), 'red001\n');
  }
});

test('what is no file where a file should be is an error that names it', () => {
  for (const [changes, problem] of [
    [{ '/etc/hosts': '/' }, /\/etc\/hosts .*is no regular file/],
    [{ '/etc/hosts': '|' }, /\/etc\/hosts .*is no regular file/],
    [{ '/etc/hosts': '-> hosts2', '/etc/hosts2': '-> hosts' }, /\/etc\/hosts .*round in circles/],
  ] as const) {
    assert.throws(() => named(changes), { name: 'PiburnError', message: problem });
  }
});

test('a node that asks for nothing changes nothing', () => {
  assert.deepEqual(edits({}), []);
  assert.deepEqual(edits({ files: [{ path: 'x', bytes: new Uint8Array(1) }] }), []);
});

test('the time zone is a link into the zones of the image, which must have it', () => {
  const root = edited({ timezone: 'Europe/London' });
  assert.equal(root.linkTarget('/etc/localtime'), '/usr/share/zoneinfo/Europe/London');
  assert.equal(root.text('/etc/timezone'), 'Europe/London\n');
  assert.equal(
    edited({ timezone: 'Europe/Belfast' }).linkTarget('/etc/localtime'),
    '/usr/share/zoneinfo/Europe/Belfast',
  );
  assert.throws(() => edits({ timezone: 'Asia/Tokyo' }), {
    name: 'PiburnError',
    message: /no \/usr\/share\/zoneinfo\/Asia\/Tokyo/,
  });
});

/** As glibc's localedef writes it: a header with where the names are, and the names. */
function archive(names: readonly string[]): Uint8Array {
  const strings = Buffer.from(`${names.join('\0')}\0`);
  const header = Buffer.alloc(64);
  header.writeUInt32LE(0xde020109, 0);
  header.writeUInt32LE(64, 20);
  header.writeUInt32LE(strings.length, 24);
  return Buffer.concat([header, strings]);
}

test('a locale that is compiled is only named, in the file or archive where it is', () => {
  for (const there of [
    { '/usr/lib/locale/en_GB.utf8/LC_TIME': 'x' },
    { '/usr/lib/locale/locale-archive': archive(['de_DE.utf8', 'en_GB.utf8']) },
  ]) {
    const root = edited({ locale: 'en_GB.UTF-8' }, debianTree(there));
    assert.equal(root.text('/etc/default/locale'), '# made by hand\nLANG=en_GB.UTF-8\n');
    assert.equal(root.text('/etc/locale.gen'), debianFiles['/etc/locale.gen']);
    assert.equal(root.has('/etc/systemd/system/piburn-locales.service'), false);
  }
});

test('a locale that is not compiled is listed, and compiled on the first boot', () => {
  const damaged = archive(['en_GB.utf8']).subarray(0, 70);
  for (const there of [
    {},
    { '/usr/lib/locale/locale-archive': damaged },
    { '/usr/lib/locale/locale-archive': archive(['xen_GB.utf8']) },
  ]) {
    const root = edited({ locale: 'en_GB.UTF-8' }, debianTree(there));
    assert.equal(
      root.text('/etc/locale.gen'),
      '# a list\n# de_DE.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\n# en_GB ISO-8859-1\n',
    );
    assert.match(
      root.text('/etc/systemd/system/piburn-locales.service') ?? '',
      /^ExecStart=-\/usr\/sbin\/locale-gen$/m,
    );
  }
});

test('a locale that the image can neither use nor compile is refused', () => {
  assert.throws(() => edits({ locale: 'fr_FR.UTF-8' }), { name: 'PiburnError', message: /neither has it compiled/ });
  const noGen = { '/usr/sbin/locale-gen': undefined };
  assert.throws(() => edits({ locale: 'en_GB.UTF-8' }, debianTree(noGen)), {
    name: 'PiburnError',
    message: /neither has it/,
  });
  assert.equal(edited({ locale: 'C.UTF-8' }).text('/etc/default/locale'), debianFiles['/etc/default/locale']);
});

test('a system with locale.conf and a Debian with a link to it both get their language', () => {
  const compiled = { '/usr/lib/locale/en_GB.utf8': '/' };
  const arch = debianTree({ ...compiled, '/etc/default/locale': undefined, '/etc/locale.conf': 'LANG=C\nLC_TIME=x\n' });
  assert.equal(edited({ locale: 'en_GB.UTF-8' }, arch).text('/etc/locale.conf'), 'LANG=en_GB.UTF-8\nLC_TIME=x\n');
  const trixie = debianTree({
    ...compiled,
    '/etc/default/locale': '-> ../locale.conf',
    '/etc/locale.conf': 'LANG=C\n',
  });
  const root = edited({ locale: 'en_GB.UTF-8' }, trixie);
  assert.equal(root.linkTarget('/etc/default/locale'), '../locale.conf');
  assert.equal(root.text('/etc/locale.conf'), 'LANG=en_GB.UTF-8\n');
});

test('the keyboard gets layout and variant, and the rest of its file stays', () => {
  const text = edited({ keymap: 'de(nodeadkeys)' }).text('/etc/default/keyboard');
  assert.equal(text, '# KEYBOARD CONFIGURATION FILE\n\nXKBMODEL="pc105"\nXKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"\n');
  const fresh = edited({ keymap: 'gb' }, debianTree({ '/etc/default/keyboard': undefined })).text(
    '/etc/default/keyboard',
  );
  assert.match(fresh ?? '', /^XKBLAYOUT="gb"\nXKBVARIANT=""$/m);
});

test('what has been done once is not done again, whatever lines the files had', () => {
  const line = fc.stringMatching(/^[\x20-\x7e\t\xe4\r]{0,40}$/);
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));
  const property = fc.property(text, text, text, text, (hosts, sshd, sudoers, gen) => {
    const changes = {
      '/etc/hosts': hosts,
      '/etc/ssh/sshd_config': sshd,
      '/etc/sudoers': sudoers,
      '/etc/locale.gen': gen,
    };
    const before = debianTree(changes);
    const after = withEdits(before, planRootEdits(fullNode, new FakeRoot(before), 'b', now));
    assert.deepEqual(planRootEdits(fullNode, new FakeRoot(after), 'b', now), []);
    // Every line of the person that is not about this is still a line.
    const kept = hosts.split('\n').filter((each) => each !== '' && !/127\.0\.1\.1|piburn/.test(each));
    const lines = Buffer.from(after.get('/etc/hosts')?.content ?? '')
      .toString('latin1')
      .split('\n');
    for (const each of kept) assert.ok(lines.includes(each), JSON.stringify(each));
  });
  fc.assert(property, { seed, numRuns: 60 });
});

test('a node that is malformed is refused before anything is looked at', () => {
  assert.throws(() => planRootEdits(nodeWith({ hostname: 'a b' }), new FakeRoot(new Map()), 'b', now), {
    name: 'PiburnError',
  });
  assert.throws(() => planRootEdits(nodeWith({ hostname: 'a' }), new FakeRoot(new Map()), '../x', now), /burn id/);
});
