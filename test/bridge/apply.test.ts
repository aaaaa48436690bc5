// Plans carried out on a machine of files: all or nothing, whatever fails, and a way back from every power cut.

import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPlan, undoAll } from '../../src/bridge/apply.js';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { planDelete } from '../../src/bridge/plan/delete.js';
import { paths } from '../../src/bridge/plan/paths.js';
import type { Wishes } from '../../src/bridge/plan/types.js';
import { readState } from '../../src/bridge/state.js';
import { PiburnError } from '../../src/errors.js';
import { FakeSystem, type Fault, Tree } from './fake-system.js';
import { type Machine, machines, recorded } from './recorded.js';

/** What is on the machine before: a strange owner's mode, and a file where ours will be. */
const before: Readonly<Record<string, string>> = {
  '/etc/dhcpcd.conf': 'hostname\npersistent\noption rapid_commit # \xff, no line break at the end',
  '/etc/dnsmasq.conf': '# all comments\n',
  '/etc/dnsmasq.d/piburn.conf': 'a file that somebody else called so\n',
  '/etc/resolv.conf': 'nameserver 192.168.1.1\n',
  '/etc/systemd/system/ssh.service': '[Unit]\n',
  '/proc/sys/net/ipv4/ip_forward': '0\n',
};

function makeTree(): Tree {
  const tree = new Tree();
  for (const [path, text] of Object.entries(before)) tree.put(path, text);
  tree.put('/etc/dhcpcd.conf', before['/etc/dhcpcd.conf'] ?? '', 0o640, 7);
  tree.put('/var/lib/other', '');
  return tree;
}

/** The recorded machine with the files of the tree, which is what makes it live. */
function machineAt(tree: Tree, base: Machine): Machine {
  const others = Object.entries(base.files).filter(([path]) => !path.startsWith('/etc/dhcpcd'));
  const files = [...tree.files].map(([path, { text }]) => [path, text] as const);
  return { ...base, files: { ...Object.fromEntries(others), ...Object.fromEntries(files) } };
}

const bases: Readonly<Record<string, Machine>> = { bullseye: machines.bullseye, container: machines.container };

async function create(tree: Tree, base: Machine, wishes: Wishes, fault?: Fault): Promise<FakeSystem> {
  const system = new FakeSystem(tree, fault);
  const facts = await readFacts(recorded(machineAt(tree, base)));
  await applyPlan(planCreate(wishes, facts), readState(system), system);
  return system;
}

async function remove(tree: Tree, base: Machine, fault?: Fault): Promise<FakeSystem> {
  const system = new FakeSystem(tree, fault);
  const facts = await readFacts(recorded(machineAt(tree, base)));
  const state = readState(system);
  await undoAll(planDelete(state, facts).entries, state, system);
  return system;
}

const attempt = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Runs a check for every operation of a run that goes well. */
async function atEach(count: number, check: (at: number) => Promise<void>): Promise<void> {
  assert.ok(count > 20, `${count} operations`);
  for (let at = 0; at < count; at += 1) await check(at);
}

for (const [name, base] of Object.entries(bases)) {
  test(`delete leaves every byte as it was (${name})`, async () => {
    const tree = makeTree();
    const lines = tree.lines();
    await create(tree, base, {});
    assert.notDeepEqual(tree.lines(), lines);
    assert.deepEqual(await attempt(remove(tree, base)), undefined);
    assert.deepEqual(tree.lines(), lines);
    await remove(tree, base);
    assert.deepEqual(tree.lines(), lines, 'twice is fine');
  });

  test(`whatever fails, everything is as before (${name})`, async () => {
    const { operations } = await create(makeTree(), base, {});
    await atEach(operations, async (at) => {
      const tree = makeTree();
      const lines = tree.lines();
      const error = await attempt(create(tree, base, {}, { at, kind: 'fail' }));
      assert.ok(error instanceof PiburnError, `at ${at}`);
      assert.match(error.message, /everything( else)? is as it was before/, `at ${at}`);
      assert.deepEqual(tree.lines(), lines, `at ${at}: ${error.message}`);
    });
  });

  test(`a change that fails leaves the bridge that was there (${name})`, async () => {
    const made = async () => {
      const tree = makeTree();
      await create(tree, base, {});
      return tree;
    };
    const wishes = { ip: '10.4.0.1', dns: ['9.9.9.9'] };
    const { operations } = await create(await made(), base, wishes);
    await atEach(operations, async (at) => {
      const tree = await made();
      const lines = tree.lines();
      assert.ok((await attempt(create(tree, base, wishes, { at, kind: 'fail' }))) instanceof PiburnError);
      assert.deepEqual(tree.lines(), lines, `at ${at}`);
    });
  });

  test(`after a power cut at any moment delete finds the way back (${name})`, async () => {
    const { operations } = await create(makeTree(), base, {});
    await atEach(operations, async (at) => {
      const tree = makeTree();
      const lines = tree.lines();
      await attempt(create(tree, base, {}, { at, kind: 'cut' }));
      await remove(tree, base);
      assert.deepEqual(withoutEmptyState(tree.lines()), lines, `at ${at}`);
    });
  });

  test(`after a power cut at any moment create makes the bridge, and delete still knows what was (${name})`, async () => {
    const whole = makeTree();
    const { operations } = await create(whole, base, {});
    const wanted = withoutState(whole.lines());
    await atEach(operations, async (at) => {
      const tree = makeTree();
      const lines = tree.lines();
      await attempt(create(tree, base, {}, { at, kind: 'cut' }));
      await create(tree, base, {});
      assert.deepEqual(withoutState(tree.lines()), wanted, `at ${at}`);
      await remove(tree, base);
      assert.deepEqual(tree.lines(), lines, `at ${at}`);
    });
  });

  test(`a delete that was cut off is finished by the next (${name})`, async () => {
    const made = async () => {
      const tree = makeTree();
      const lines = tree.lines();
      await create(tree, base, {});
      return { tree, lines };
    };
    const { operations } = await remove((await made()).tree, base);
    await atEach(operations, async (at) => {
      const { tree, lines } = await made();
      await attempt(remove(tree, base, { at, kind: 'cut' }));
      await remove(tree, base);
      assert.deepEqual(withoutEmptyState(tree.lines()), lines, `at ${at}`);
    });
  });
}

/** A cut before the first state was written can leave its directory, empty. */
const withoutEmptyState = (lines: readonly string[]): string[] =>
  lines.filter((line) => !/^\/var\/lib\/piburn(\/bridge)?\/$/.test(line));

const withoutState = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith(paths.state));

test('a second create changes nothing and keeps reservations', async () => {
  const tree = makeTree();
  const base = machines.bullseye;
  await create(tree, base, {});
  tree.put(paths.dhcpHosts, 'red001,10.1.1.2\n');
  const again = await create(tree, base, { dns: ['9.9.9.9'] });
  assert.ok(tree.lines().includes(`${paths.dhcpHosts} 644 0 "red001,10.1.1.2\\n"`));
  assert.ok(!again.commands.some((command) => command.startsWith('dhcpcd')), 'the address was not touched');
});

test('what a change makes needless is undone, and comes back when the change fails', async () => {
  const base = machines.container;
  const tree = makeTree();
  await create(tree, base, {});
  const moved = await create(tree, base, { ip: '10.4.0.1' });
  const state = readState(moved);
  const ids = state?.entries.map(({ step }) => step.id).filter((id) => id.startsWith('address'));
  assert.deepEqual(ids, ['address:eth0:10.4.0.1/24']);
  assert.ok(moved.commands.indexOf('ip address del 10.1.1.1/24 dev eth0') >= 0);

  const failing = new FakeSystem(tree);
  const run = failing.run.bind(failing);
  failing.run = async (command) =>
    command.argv.includes('10.6.0.1/24') && command.argv.includes('replace')
      ? { exitCode: 2, stdout: '', stderr: 'no' }
      : run(command);
  const facts = await readFacts(recorded(machineAt(tree, base)));
  assert.ok((await attempt(applyPlan(planCreate({ ip: '10.6.0.1' }, facts), state, failing))) instanceof PiburnError);
  assert.deepEqual(failing.commands.slice(-1), ['ip address replace 10.4.0.1/24 dev eth0']);
});

test('what may fail is a remark, and the bridge is made', async () => {
  const tree = makeTree();
  const system = new FakeSystem(tree);
  system.run = async ({ argv }) => ({ exitCode: argv.includes('up') ? 4 : 0, stdout: '', stderr: 'no carrier' });
  const remarks: string[] = [];
  const facts = await readFacts(recorded(machineAt(tree, machines.bookworm)));
  await applyPlan(planCreate({}, facts), undefined, system, { onRemark: (remark) => remarks.push(remark) });
  assert.match(remarks.join(), /nmcli .*no carrier/);
  assert.equal(readState(system)?.phase, 'made');
});

test('what others wrote into a shared file in between stays', async () => {
  const tree = makeTree();
  const base = machines.bullseye;
  await create(tree, base, {});
  const text = tree.files.get(paths.dhcpcd)?.text ?? '';
  tree.put(paths.dhcpcd, `# theirs\n${text}interface wlan0\n`);
  await create(tree, base, { ip: '10.5.0.1' });
  await remove(tree, base);
  const now = tree.files.get(paths.dhcpcd)?.text;
  assert.equal(now, `# theirs\n${before['/etc/dhcpcd.conf']}\ninterface wlan0\n`);
});

test('a failing step is named, with the words of its program', async () => {
  const tree = makeTree();
  const system = new FakeSystem(tree);
  const words = 'dnsmasq: bad option at line 3 of /copy';
  system.run = async ({ argv }) =>
    argv[0] === 'dnsmasq' ? { exitCode: 1, stdout: '', stderr: words } : { exitCode: 0, stdout: '', stderr: '' };
  const facts = await readFacts(recorded(machineAt(tree, machines.container)));
  const error = await attempt(applyPlan(planCreate({}, facts), undefined, system));
  assert.ok(error instanceof PiburnError);
  assert.equal(error.failure.code, 'STEP_FAILED');
  assert.match(error.message, /"have dnsmasq judge its settings .*bad option at line 3.*as it was before/);
});

test('what could not be undone stays in the state for another try', async () => {
  const tree = makeTree();
  const lines = tree.lines();
  await create(tree, machines.bullseye, {});
  const stubborn = new FakeSystem(tree);
  stubborn.run = async ({ argv }) => ({ exitCode: argv.includes('stop') ? 1 : 0, stdout: '', stderr: 'no' });
  const state = readState(stubborn);
  assert.match(
    String(await attempt(undoAll(state?.entries ?? [], state, stubborn))),
    /Not everything could be undone.*stop dnsmasq/,
  );
  assert.deepEqual(
    readState(stubborn)?.entries.map(({ step }) => step.id),
    ['dnsmasq'],
  );
  await remove(tree, machines.bullseye);
  assert.deepEqual(tree.lines(), lines);
});
