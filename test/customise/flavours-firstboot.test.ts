// The script of --firstboot: where it lies, and that it runs once, whatever the power does. Run in a small root, where a
// stand-in writes down what systemd is told.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { flavours } from '../../src/customise/flavours/index.js';
import type { Flavour, Node } from '../../src/protocol.js';
import { type BootMount, type FakePi, makePi, whySkipped } from './fake-pi.js';

const script = '#!/bin/sh\necho "hello from $0 as $(id -un) in $HOME"\necho ran >>/ran\necho oops >&2\nexit 3\n';
const node: Node = { hostname: 'red001', dns: [], firstboot: script };
const unit = '/etc/systemd/system/piburn-firstboot.service';
const kept = '/var/lib/piburn/firstboot-id1';
const log = '/var/log/piburn-firstboot.log';

const filesOf = (flavour: Flavour, bootMount: BootMount, wanted = node, burnId = 'id1') =>
  flavours[flavour].files({ node: wanted, boot: { cmdline: 'rootwait\n' }, burnId, bootMount });

/** What cloud-init does at every boot with its `bootcmd`. */
function runBootcmd(pi: FakePi, flavour: 'cloudinit' | 'ubuntu', burnId = 'id1') {
  const files = filesOf(flavour, '/boot/firmware', node, burnId);
  const { bootcmd } = parse(files.find(({ path }) => path === 'user-data')?.text ?? '') as { bootcmd: string[][] };
  assert.equal(bootcmd.length, 1);
  return pi.enter(...(bootcmd[0] ?? []));
}

/** What systemd does at a boot: it starts the unit if its condition holds. */
function startUnit(pi: FakePi, burnId = 'id1') {
  if (!pi.has(`/var/lib/piburn/firstboot-${burnId}`)) return;
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(pi.read(unit)) ?? [];
  pi.exec(...command.split(' '));
}

for (const flavour of ['cloudinit', 'ubuntu', 'firstrun', 'legacy'] as const) {
  test(`${flavour}: the script lies on the boot partition as it is, and is not shown`, () => {
    const file = filesOf(flavour, '/boot').find(({ path }) => path === 'piburn-firstboot');
    assert.deepEqual(file, { path: 'piburn-firstboot', text: script, secrets: [script] });
  });

  test(`${flavour}: the script leaves the boot partition, runs once as root, and its output is kept`, (t) => {
    const bootMount = flavour === 'legacy' ? '/boot' : '/boot/firmware';
    const pi = makePi(t, bootMount);
    if (!pi) return t.skip(whySkipped);
    pi.put(filesOf(flavour, bootMount));
    if (flavour === 'firstrun' || flavour === 'legacy') pi.exec(join(bootMount, 'firstrun.sh'));
    else assert.equal(runBootcmd(pi, flavour).status, 0);
    assert.ok(!pi.has(join(bootMount, 'piburn-firstboot')));
    assert.equal(pi.read(kept), script);
    assert.equal(pi.mode(kept), 0o700);
    assert.equal(pi.mode('/var/lib/piburn'), 0o700);
    assert.ok(!pi.has('/ran'), 'nothing runs before the network is there');
    assert.match(pi.read(unit), /^After=network-online\.target/m);
    assert.ok(pi.calls().includes('systemctl enable piburn-firstboot.service'));

    startUnit(pi);
    startUnit(pi);
    assert.equal(pi.read('/ran'), 'ran\n');
    assert.match(
      pi.read(log),
      /^piburn: started at .*\nhello from \S+ as root in \/root\noops\npiburn: ended with exit status 3 at .*\n$/,
    );
    assert.equal(pi.mode(log), 0o600);
    assert.equal(pi.calls().at(-1), 'systemctl disable piburn-firstboot.service');
    for (const path of [kept, unit, '/var/lib/piburn/run-firstboot']) assert.ok(!pi.has(path), path);
  });
}

test('with cloud-init it waits for cloud-init itself, without a circle of units, and starts in the same boot', (t) => {
  const pi = makePi(t, '/boot/firmware');
  if (!pi) return t.skip(whySkipped);
  pi.put(filesOf('cloudinit', '/boot/firmware'));
  runBootcmd(pi, 'cloudinit');
  assert.match(pi.read(unit), /^After=network-online\.target cloud-final\.service$/m);
  // cloud-final.service comes after multi-user.target, so that cannot be what wants the unit.
  assert.match(pi.read(unit), /^WantedBy=cloud-init\.target$/m);
  assert.deepEqual(pi.calls().slice(-2), [
    'systemctl daemon-reload',
    'systemctl --no-block start piburn-firstboot.service',
  ]);
});

test('every later boot of cloud-init leaves things alone', (t) => {
  const pi = makePi(t, '/boot/firmware');
  if (!pi) return t.skip(whySkipped);
  pi.put(filesOf('ubuntu', '/boot/firmware'));
  runBootcmd(pi, 'ubuntu');
  startUnit(pi);
  const calls = pi.calls().length;
  assert.equal(runBootcmd(pi, 'ubuntu').status, 0);
  assert.equal(pi.calls().length, calls);
  assert.ok(!pi.has(unit));
});

test('when the power fails while the script runs, it is not started again, and the log says so', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  const cut = '#!/bin/sh\necho ran >>/ran\nkill -9 $PPID\nsleep 1\n';
  pi.boot(filesOf('firstrun', '/boot', { ...node, firstboot: cut }));
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(pi.read(unit)) ?? [];
  assert.equal(pi.enter(...command.split(' ')).signal ?? 'ended', 'SIGKILL');
  assert.ok(pi.has(kept), 'the power failed before it was removed');
  startUnit(pi);
  assert.equal(pi.read('/ran'), 'ran\n');
  assert.match(pi.read(log), /interrupted, and is not started again\n$/);
  assert.ok(!pi.has(kept));
});

test('when the power fails before the script has left the boot partition, nothing is lost and nothing runs twice', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  const files = filesOf('firstrun', '/boot');
  // The second start of firstrun.sh finds the card as the first one found it, and its copy made.
  pi.boot(files);
  pi.boot(files);
  startUnit(pi);
  pi.boot(files);
  startUnit(pi);
  assert.equal(pi.read('/ran'), 'ran\n');
});

test('an image made from a card that ran a script runs the next one all the same', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf('firstrun', '/boot'));
  startUnit(pi);
  pi.boot(filesOf('firstrun', '/boot', node, 'id2'));
  startUnit(pi, 'id2');
  assert.equal(pi.read('/ran'), 'ran\nran\n');
});

test('a script without a first line for its interpreter is one for sh', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf('firstrun', '/boot', { ...node, firstboot: 'echo plain >/ran\n' }));
  startUnit(pi);
  assert.equal(pi.read('/ran'), 'plain\n');
});
