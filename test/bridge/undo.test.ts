// Undoing what is partly gone, what no state remembers, and what others need by now.

import assert from 'node:assert/strict';
import test from 'node:test';
import { undoAll } from '../../src/bridge/apply.js';
import { previewDelete } from '../../src/bridge/bridge.js';
import { readForwardNeeds } from '../../src/bridge/facts/forward-needs.js';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { planDelete } from '../../src/bridge/plan/delete.js';
import { headLine, ownText, paths } from '../../src/bridge/plan/paths.js';
import { doWords, undoWords } from '../../src/bridge/plan/step-words.js';
import type { BridgeState, Entry, Step } from '../../src/bridge/plan/types.js';
import { undo } from '../../src/bridge/undo-step.js';
import { PiburnError } from '../../src/errors.js';
import { FakeSystem, Tree } from './fake-system.js';
import { change, type Machine, machines, recorded, settings, withAddress } from './recorded.js';

/** Programs that fail or answer as told: the beginning of a command line → what it says. */
function answering(answers: Readonly<Record<string, { exitCode?: number; stdout?: string; stderr?: string }>>) {
  const system = new FakeSystem(new Tree());
  const run = system.run.bind(system);
  system.run = async (command) => {
    const done = await run(command);
    const found = Object.entries(answers).find(([begin]) => command.argv.join(' ').startsWith(begin));
    return { ...done, ...found?.[1] };
  };
  return system;
}

const command = (id: string, ...undoing: readonly string[]): Entry => ({
  step: { kind: 'command', id, sentence: id, do: [], undo: undoing.map((text) => ({ argv: text.split(' ') })) },
  isDone: true,
});

test('an interface that is gone is off', async () => {
  const entry = command('link:eth1', 'ip link set dev eth1 down');
  const no = { exitCode: 1, stderr: 'Cannot find device "eth1"' };
  const gone = answering({ 'ip link': no });
  assert.equal(await undo(entry, gone), 'there is no interface eth1 any more');
  const there = answering({ 'ip link set': no });
  await assert.rejects(undo(entry, there), PiburnError, 'another failure is one');
});

test('a unit that is gone is stopped, with what it left running', async () => {
  const entry = command('dnsmasq', 'systemctl disable dnsmasq.service', 'systemctl stop dnsmasq.service');
  const no = { exitCode: 1, stderr: 'Unit dnsmasq.service does not exist' };
  const missing = (state: string) => ({ stdout: `LoadState=not-found\nActiveState=${state}\n` });
  const gone = answering({ 'systemctl show': missing('inactive'), 'systemctl ': no });
  assert.equal(await undo(entry, gone), 'there is no dnsmasq.service any more');

  const unit = command('unit', 'systemctl disable --now piburn-bridge.service');
  const running = answering({ 'systemctl show': missing('active'), 'systemctl disable': no });
  await undo(unit, running);
  assert.equal(running.commands.at(-1), 'systemctl stop piburn-bridge.service');
  const loaded = answering({ 'systemctl show': { stdout: 'LoadState=loaded\n' }, 'systemctl disable': no });
  await assert.rejects(undo(unit, loaded), PiburnError);
});

test('a shared file and a folder that are gone do not come back', async () => {
  const file = { base64: Buffer.from('theirs\n').toString('base64'), mode: 0o644, uid: 0, gid: 0 };
  const base = { kind: 'file', sentence: 'write', text: '', mode: 0o644 } as const;
  const system = answering({});
  system.tree.put('/etc/hostname', '');
  const block: Step = { ...base, id: 'a', path: paths.dhcpcd, part: 'block' };
  assert.match((await undo({ step: block, isDone: true, file }, system)) ?? '', /dhcpcd\.conf was gone already/);
  assert.equal(system.readFile(paths.dhcpcd), undefined);
  const whole: Step = { ...base, id: 'b', path: paths.networkManager, part: 'whole' };
  assert.match((await undo({ step: whole, isDone: true, file }, system)) ?? '', /system-connections is gone/);
});

const conf = ownText(['interface=eth0', 'dhcp-option=tag:piburn,option:dns-server,10.1.1.1']);
const unitText = ownText(['[Service]', 'ExecStart=-/usr/sbin/ip address replace 10.1.1.1/24 dev eth0']);
const active = 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=5\n';
const show = 'systemctl show --property LoadState,ActiveState,UnitFileState,MainPID dnsmasq.service';

/** A bridge without its state: systemd, the distribution's dnsmasq with our file. */
const lost = change(withAddress(machines.networkd, '10.1.1.1'), {
  files: {
    [paths.unit]: unitText,
    [paths.dnsmasq]: conf,
    [paths.nft]: `${headLine}\n`,
    '/proc/sys/net/ipv4/ip_forward': '1\n',
  },
  outputs: { [show]: active, 'nft list tables inet': 'table inet piburn\n' },
});

async function undone(machine: Machine, look: Parameters<typeof planDelete>[2] = {}) {
  const plan = planDelete(undefined, await readFacts(recorded(machine)), look);
  const system = answering({});
  for (const [path, text] of Object.entries(machine.files)) system.tree.put(path, text);
  await undoAll(plan.entries, undefined, system);
  return { plan, system };
}

test('without a state everything of ours is stopped before it is removed', async () => {
  const { plan, system } = await undone(lost, { hasProcesses: true });
  assert.deepEqual(system.commands, [
    'nft -f -',
    'ip address del 10.1.1.1/24 dev eth0',
    'systemctl disable --now piburn-bridge.service',
    'systemctl daemon-reload',
    'systemctl restart dnsmasq.service',
  ]);
  assert.ok(plan.entries.some(({ step }) => step.kind === 'daemon'));
  for (const path of [paths.unit, paths.dnsmasq, paths.nft]) assert.equal(system.readFile(path), undefined);
  const said = plan.warnings.join('\n');
  assert.match(said, /remembers no bridge.*\n.*ip_forward stays 1.*\n.*goes on without our settings/);
  assert.doesNotMatch(said, /10\.1\.1\.1/);
});

test('without a state an address that no file of ours set is named, and stays', async () => {
  const { plan, system } = await undone(change(lost, { files: { [paths.unit]: ownText(['[Unit]']) } }));
  assert.match(plan.warnings.join(), /10\.1\.1\.1\/24 stays on eth0: `ip address del 10\.1\.1\.1\/24 dev eth0`/);
  assert.ok(!system.commands.some((each) => each.startsWith('ip address')));
});

test('a damaged state does not keep delete from its work', async () => {
  const system = answering({});
  const files = { ...lost.files, [paths.state]: '{"version":1,' };
  for (const [path, text] of Object.entries(files)) system.tree.put(path, text);
  const source = recorded({ ...lost, files });
  const { entries, warnings } = await previewDelete({ source, system, isRoot: true });
  assert.match(warnings.join(), /state\.json is damaged/);
  await undoAll(entries, undefined, system);
  assert.ok(system.commands.includes('systemctl disable --now piburn-bridge.service'));
  assert.equal(system.readFile(paths.state), undefined);
});

const forward: Step = {
  kind: 'sysctl',
  id: 'sysctl:net/ipv4/ip_forward',
  sentence: 'set net.ipv4.ip_forward to 1',
  key: 'net/ipv4/ip_forward',
  value: '1',
};
const state: BridgeState = {
  version: 1,
  phase: 'made',
  settings,
  entries: [{ step: forward, isDone: true, value: '0' }],
};
const chain = (name: string, hook: string) => ({ chain: { family: 'ip', table: 'filter', name, hook } });
const rule = (name: string, ...expr: readonly object[]) => ({
  rule: { family: 'ip', table: 'filter', chain: name, expr },
});
const ruleset = (...nftables: readonly object[]): Partial<Machine> => ({
  outputs: { 'nft -j list ruleset': JSON.stringify({ nftables }) },
});

/** What others have by now → whether forwarding stays, and why. */
const needs: readonly (readonly [string, Partial<Machine>, RegExp | undefined])[] = [
  ['nobody', {}, undefined],
  ['an empty chain', ruleset(chain('FORWARD', 'forward')), undefined],
  ['a chain that only drops', ruleset(chain('FORWARD', 'forward'), rule('FORWARD', { drop: null })), undefined],
  ['a rule for input', ruleset(chain('INPUT', 'input'), rule('INPUT', { accept: null })), undefined],
  [
    'a way through',
    ruleset(chain('FORWARD', 'forward'), rule('FORWARD', { accept: null })),
    /table ip filter needs it/,
  ],
  ['NAT', ruleset(chain('POSTROUTING', 'postrouting'), rule('POSTROUTING', { masquerade: null })), /table ip filter/],
  [
    'a file of sysctl.d',
    { files: { '/etc/sysctl.d/99-vpn.conf': '# vpn\nnet.ipv4.ip_forward=1\n' } },
    /99-vpn\.conf needs it/,
  ],
  ['one that switches it off', { files: { '/etc/sysctl.conf': 'net/ipv4/ip_forward = 0\n' } }, undefined],
];

test('forwarding stays on when others need it by now', async () => {
  for (const [name, more, expected] of needs) {
    const source = recorded(change(machines.container, more));
    const plan = planDelete(state, await readFacts(source), { forwardNeeds: await readForwardNeeds(source) });
    assert.equal(plan.entries.length, expected === undefined ? 1 : 0, name);
    if (expected !== undefined) assert.match(plan.warnings.join(), expected, name);
    else assert.deepEqual(plan.warnings, [], name);
  }
});

test('what was on before us is left on without a word', async () => {
  const before = { ...state, entries: [{ step: forward, isDone: true, value: '1' }] };
  const source = recorded(machines.container);
  const plan = planDelete(before, await readFacts(source), { forwardNeeds: { [forward.id.slice(7)]: ['x'] } });
  assert.deepEqual(plan.warnings, []);
  assert.deepEqual(plan.entries.map(undoWords), [undefined]);
});

test('every step and every undo has a sentence of its own, and none is shown that does nothing', async () => {
  for (const machine of Object.values(machines)) {
    const { steps } = planCreate({ ipv6: 'nat' }, await readFacts(recorded(machine)));
    for (const { step } of steps) {
      const undoing = undoWords({ step, isDone: true, value: '0' });
      assert.doesNotMatch(undoing ?? '', /^(undo|take back)\b/, step.id);
      assert.notEqual(undoing, doWords(step), step.id);
      if (step.kind !== 'command') continue;
      assert.equal(doWords(step) === undefined, step.do.length === 0, step.id);
      assert.equal(undoing === undefined, step.undo.length === 0, step.id);
    }
  }
  const address: Step = { kind: 'address', id: 'a', sentence: 'give', interface: 'eth1', address: '10.1.1.1/24' };
  assert.equal(undoWords({ step: address, isDone: true }), 'take the address 10.1.1.1 off eth1');
});
