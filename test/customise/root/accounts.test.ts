// The node's user in passwd, shadow, group and wherever else a name stands.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { RootDraft } from '../../../src/customise/root/root-draft.js';
import { PiburnError } from '../../../src/errors.js';
import type { NodeUser } from '../../../src/protocol.js';
import { without } from '../../image/allocation/disk.js';
import { isRoot, scratchFolder } from '../../native/scratch.js';
import { debianTree, edited, edits, hash, key, today } from './debian-root.js';

const user = (fields: Partial<NodeUser> = {}): NodeUser => ({ name: 'alice', authorizedKeys: [key], ...fields });

/** A root without people. */
const noPeople = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\ngames:x:5:4:games:/usr/games:/usr/sbin/nologin\n',
  '/etc/group': 'root:x:0:\nadm:x:4:\nsudo:x:27:\nvideo:x:44:games\nother:x:1000:\n',
  '/etc/gshadow': 'root:*::\nadm:*::\nsudo:*::\nvideo:*::games\nother:!::\n',
  '/etc/shadow': 'root:*:19000:0:99999:7:::\ngames:*:19000:0:99999:7:::\n',
  '/etc/subuid': 'someone:100000:65536\n',
  '/etc/subgid': '',
  '/home/pi/.bashrc': undefined,
  '/var/spool/cron/crontabs/pi': undefined,
  '/etc/sudoers.d/010_pi-nopasswd': undefined,
  '/etc/sudoers.d/010_pi-nopasswd.bak': undefined,
};

const lineOf = (root: RootDraft, path: string, name: string) =>
  root
    .text(path)
    ?.split('\n')
    .filter((line) => line.startsWith(`${name}:`));

/** The judgement of Debian's own programs on the tables, in a root of their own; of other things they say more. */
function judge(t: TestContext, root: RootDraft): void {
  const reason = isRoot ? without('pwck', 'grpck') : 'pwck and grpck look into another root only for root';
  if (reason !== false) {
    t.skip(reason);
    return;
  }
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'etc'));
  for (const name of ['passwd', 'shadow', 'group', 'gshadow']) {
    writeFileSync(join(folder, 'etc', name), root.text(`/etc/${name}`) ?? '');
  }
  const complaints = ['pwck', 'grpck'].flatMap((program) => output(program, ['-r', '-R', folder]).split('\n'));
  const isAboutFiles = (line: string) => /(?:does not exist|: no changes)$/.test(line);
  assert.deepEqual(
    complaints.filter((line) => line !== '' && !isAboutFiles(line)),
    [],
  );
}

/** What a program prints, also when it ends with an error. */
function output(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return stdout + stderr;
}

test('the first user gets the new name wherever the old one stood', () => {
  const root = edited({ user: user() });
  assert.deepEqual(lineOf(root, '/etc/passwd', 'alice'), ['alice:x:1000:1000:,,,:/home/alice:/bin/bash']);
  assert.equal(
    root.text('/etc/group'),
    'root:x:0:\nadm:x:4:alice\nsudo:x:27:alice\nvideo:x:44:alice,games\nshadow:x:42:\nalice:x:1000:\n',
  );
  assert.equal(
    root.text('/etc/gshadow'),
    'root:*::\nadm:*::alice\nsudo:*:alice:alice\nvideo:*::alice,games\nshadow:*::\nalice:!::\n',
  );
  assert.equal(root.text('/etc/subuid'), 'alice:100000:65536\n');
  assert.equal(root.text('/etc/subgid'), 'alice:100000:65536\n');
  assert.equal(root.text('/etc/sudoers.d/010_pi-nopasswd'), 'alice ALL=(ALL) NOPASSWD: ALL\n');
  assert.equal(root.text('/etc/sudoers.d/010_pi-nopasswd.bak'), 'pi ALL=(ALL) NOPASSWD: ALL\n');
  assert.ok(root.isFile('/home/alice/.bashrc'));
  assert.equal(root.has('/home/pi'), false);
  assert.ok(root.isFile('/var/spool/cron/crontabs/alice'));
  assert.equal(root.has('/var/spool/cron/crontabs/pi'), false);
});

test('a home folder is renamed, and nothing in it is written again', () => {
  const list = edits({ user: user() });
  assert.ok(list.some((edit) => edit.kind === 'rename' && edit.path === '/home/pi' && edit.to === '/home/alice'));
  assert.deepEqual(
    list.filter(({ path }) => path.startsWith('/home/')).map(({ path }) => path),
    ['/home/pi', '/home/alice/.ssh', '/home/alice/.ssh/authorized_keys'],
  );
});

test('lines of others stay byte by byte, also broken ones and those that end in CR LF', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/bash\r\n# a comment: of somebody\n+::::::\nnot a line\n:x:1:1:::\npi:x:1000:1000:\xfc:/home/pi:/bin/bash';
  const root = edited({ user: user() }, debianTree({ '/etc/passwd': passwd }));
  assert.equal(
    root.text('/etc/passwd'),
    `${passwd.slice(0, passwd.lastIndexOf('\n'))}\nalice:x:1000:1000:\xfc:/home/alice:/bin/bash\n`,
  );
});

test('a password becomes the hash in shadow with the day of the burn, and the account does not expire', () => {
  const root = edited({ user: user({ passwordHash: hash }) });
  assert.deepEqual(lineOf(root, '/etc/shadow', 'alice'), [`alice:${hash}:${today}:0:99999:7:::`]);
  assert.equal(root.has('/etc/sudoers.d/010_piburn'), false);
});

test('without a password the account is locked for passwords and may use sudo without one', () => {
  const root = edited({ user: user() });
  assert.deepEqual(lineOf(root, '/etc/shadow', 'alice'), [`alice:*:${today}:0:99999:7:::`]);
  assert.equal(root.text('/etc/sudoers.d/010_piburn'), 'alice ALL=(ALL) NOPASSWD: ALL\n');
  assert.deepEqual(root.access('/etc/sudoers.d/010_piburn'), { mode: 0o440, uid: 0, gid: 0 });
  assert.equal(root.text('/etc/sudoers'), debianTree().get('/etc/sudoers')?.content.toString());
});

test('sudoers includes the rule where it did not, and no sudo gets no rule', () => {
  const old = 'root ALL=(ALL) ALL';
  assert.equal(
    edited({ user: user() }, debianTree({ '/etc/sudoers': old })).text('/etc/sudoers'),
    `${old}\n#includedir /etc/sudoers.d\n`,
  );
  assert.equal(
    edited({ user: user() }, debianTree({ '/etc/sudoers': undefined })).has('/etc/sudoers.d/010_piburn'),
    false,
  );
});

test('a rule of an earlier burn goes when the user has a password now', () => {
  const tree = debianTree({ '/etc/sudoers.d/010_piburn': 'pi ALL=(ALL) NOPASSWD: ALL\n' });
  assert.equal(edited({ user: user({ passwordHash: hash }) }, tree).has('/etc/sudoers.d/010_piburn'), false);
});

test('the shadow of an edit holds no hash that could be shown', () => {
  const edit = edits({ user: user({ passwordHash: hash }) }).find(({ path }) => path === '/etc/shadow');
  assert.ok(edit?.kind === 'file');
  assert.deepEqual(edit.secrets, ['$6$old$oldhash', hash]);
  assert.deepEqual({ mode: edit.mode, gid: edit.gid }, { mode: 0o640, gid: 42 });
});

test('keys are added to those that are there, once, with the owner and modes that sshd wants', () => {
  const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther grüße';
  const stored = Buffer.from(`# mine\n${other}\n${key}`).toString('latin1');
  const tree = debianTree({ '/home/pi/.ssh/authorized_keys': stored });
  const root = edited({ user: user({ authorizedKeys: [key, other, 'ssh-rsa AAAA ü'] }) }, tree);
  const text = Buffer.from(root.text('/home/alice/.ssh/authorized_keys') ?? '', 'latin1').toString();
  assert.equal(text, `# mine\n${other}\n${key}\nssh-rsa AAAA ü\n`);
  assert.deepEqual(root.access('/home/alice/.ssh/authorized_keys'), { mode: 0o600, uid: 1000, gid: 1000 });
  assert.deepEqual(root.access('/home/alice/.ssh'), { mode: 0o700, uid: 1000, gid: 1000 });
});

test('an image without people gets a user with a home, a group of its own and the usual groups that it has', (t) => {
  const root = edited({ user: user({ passwordHash: hash }) }, debianTree(noPeople));
  assert.deepEqual(lineOf(root, '/etc/passwd', 'alice'), ['alice:x:1000:1001::/home/alice:/bin/bash']);
  assert.equal(
    root.text('/etc/group'),
    'root:x:0:\nadm:x:4:alice\nsudo:x:27:alice\nvideo:x:44:games,alice\nother:x:1000:\nalice:x:1001:\n',
  );
  assert.deepEqual(lineOf(root, '/etc/gshadow', 'sudo'), ['sudo:*::alice']);
  assert.deepEqual(lineOf(root, '/etc/shadow', 'alice'), [`alice:${hash}:${today}:0:99999:7:::`]);
  assert.equal(root.text('/etc/subuid'), 'someone:100000:65536\nalice:165536:65536\n');
  assert.equal(root.text('/etc/subgid'), 'alice:100000:65536\n');
  assert.deepEqual(root.access('/home/alice'), { mode: 0o700, uid: 1000, gid: 1001 });
  assert.deepEqual(root.access('/home/alice/.profile'), { mode: 0o644, uid: 1000, gid: 1001 });
  judge(t, root);
});

test("Debian's own programs find nothing wrong with the tables of a renamed user", (t) => {
  judge(
    t,
    edited(
      { user: user({ passwordHash: hash }) },
      debianTree({ '/etc/passwd': debianTree().get('/etc/passwd')?.content.subarray(0, -1) }),
    ),
  );
});

test('an account of that name stays what it is and gets password and keys', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000::/home/pi:/bin/bash\nalice:!:1007:100::/srv/alice:/usr/sbin/nologin\n';
  const tree = debianTree({
    '/etc/passwd': passwd,
    '/etc/group': 'root:x:0:\nusers:x:100:\npi:x:1000:\nalice:x:1007:\n',
  });
  const root = edited({ user: user({ passwordHash: hash }) }, tree);
  assert.equal(
    root.text('/etc/passwd'),
    passwd.replace('alice:!:', 'alice:x:').replace('/usr/sbin/nologin', '/bin/bash'),
  );
  assert.ok(root.has('/home/pi'));
  assert.deepEqual(root.access('/srv/alice/.ssh'), { mode: 0o700, uid: 1007, gid: 100 });
  assert.deepEqual(lineOf(root, '/etc/shadow', 'pi'), ['pi:$6$old$oldhash:19000:0:99999:7::1:']);
});

test('names that the image needs for itself are refused', () => {
  for (const [name, changes, message] of [
    ['games', {}, /'games' is an account of the image's system \(uid 5\)/],
    ['video', {}, /has a group 'video' already/],
    ['alice', { '/etc/passwd': undefined }, /no \/etc\/passwd/],
    ['nobody', { '/etc/passwd': 'nobody:x:65534:65534::/nonexistent:/bin/false\n' }, /'nobody' is an account/],
    ['alice', { '/home/alice': '/' }, /\/home\/alice in the root of the image exists/],
  ] as const) {
    assert.throws(() => edits({ user: user({ name }) }, debianTree(changes)), message);
  }
});

test('a first user whose home is elsewhere or missing keeps the path, and gets a folder', () => {
  const passwd = 'pi:x:1000:1000::/srv/pi:/bin/bash\n';
  const root = edited({ user: user() }, debianTree({ '/etc/passwd': passwd, '/home/pi/.bashrc': undefined }));
  assert.equal(root.text('/etc/passwd'), 'alice:x:1000:1000::/srv/pi:/bin/bash\n');
  assert.ok(root.isFile('/srv/pi/.profile'));
  assert.ok(root.isFile('/srv/pi/.ssh/authorized_keys'));
});

test('a primary group that is not the own one of the user keeps its name', () => {
  const changes = {
    '/etc/passwd': 'pi:x:1000:100::/home/pi:/bin/bash\n',
    '/etc/group': 'users:x:100:\npi:x:1000:pi\n',
  };
  const root = edited({ user: user() }, debianTree(changes));
  assert.equal(root.text('/etc/passwd'), 'alice:x:1000:100::/home/alice:/bin/bash\n');
  assert.equal(root.text('/etc/group'), 'users:x:100:\npi:x:1000:alice\n');
});

test('a skeleton is copied with its folders and links, and a bottomless one is refused', () => {
  const skeleton = { '/etc/skel/bin/run': '#!/bin/sh\n', '/etc/skel/link': '-> .profile', '/etc/skel/pipe': '|' };
  const root = edited({ user: user() }, debianTree({ ...noPeople, ...skeleton }));
  assert.ok(root.isFile('/home/alice/bin/run'));
  assert.equal(root.linkTarget('/home/alice/link'), '.profile');
  assert.equal(root.has('/home/alice/pipe'), false);
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`/etc/skel/${index}`, '']));
  assert.throws(() => edits({ user: user() }, debianTree({ ...noPeople, ...many })), /more than 1000 files/);
});

test('settings that log the first user in follow the new name', () => {
  const files = {
    '/etc/systemd/system/getty@tty1.service.d/autologin.conf':
      '[Service]\nExecStart=-/sbin/agetty --autologin pi --noclear %I\n',
    '/etc/lightdm/lightdm.conf': '[Seat:*]\nautologin-user=pi\n#autologin-user=\n',
  };
  const root = edited({ user: user() }, debianTree(files));
  assert.match(
    root.text('/etc/systemd/system/getty@tty1.service.d/autologin.conf') ?? '',
    /--autologin alice --noclear/,
  );
  assert.match(root.text('/etc/lightdm/lightdm.conf') ?? '', /^autologin-user=alice$/m);
});

test('the wizard of Raspberry Pi OS does not wait for a user who has been named', () => {
  const wants = '/etc/systemd/system/multi-user.target.wants/userconfig.service';
  const files = {
    [wants]: '-> /lib/systemd/system/userconfig.service',
    '/etc/ssh/sshd_config.d/rename_user.conf': 'Banner x\n',
  };
  const root = edited({ user: user() }, debianTree(files));
  assert.equal(root.has(wants), false);
  assert.equal(root.has('/etc/ssh/sshd_config.d/rename_user.conf'), false);
  assert.equal(
    root.linkTarget('/etc/systemd/system/getty.target.wants/getty@tty1.service'),
    '/usr/lib/systemd/system/getty@.service',
  );
  assert.ok(edited({ hostname: 'red001' }, debianTree(files)).has(wants));
});

test('a shadow that is missing is made for root and its group only', () => {
  const root = edited({ user: user() }, debianTree({ '/etc/shadow': undefined }));
  assert.equal(root.text('/etc/shadow'), `alice:*:${today}:0:99999:7:::\n`);
  assert.deepEqual(root.access('/etc/shadow'), { mode: 0o640, uid: 0, gid: 42 });
});

test('a user who could never log in is refused before anything is looked at', () => {
  assert.throws(() => edits({ user: user({ authorizedKeys: [] }) }), PiburnError);
});
