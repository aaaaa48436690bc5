// SSH sessions over the side of the cluster: found however they come in, and not cut off unasked.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { planDelete } from '../../src/bridge/plan/delete.js';
import type { BridgeFacts, BridgeState } from '../../src/bridge/plan/types.js';
import { PiburnError } from '../../src/errors.js';
import { change, type Machine, machines, recorded, withAddress } from './recorded.js';

const found = async (more: Partial<Machine>, connection?: string): Promise<readonly string[]> =>
  (await readFacts(recorded(change(machines.container, more)), connection)).sshAddresses;
const sockets = (...lines: readonly string[]): Partial<Machine> => ({ outputs: { 'ss -H -tanp': lines.join('\n') } });
const estab = (local: string, program: string) => `ESTAB 0 0 ${local} 10.9.9.9:50000 users:(("${program}",pid=7,fd=4))`;
const listen = (port: number) => `LISTEN 0 128 0.0.0.0:${port} 0.0.0.0:* users:(("systemd",pid=1,fd=4))`;

test('sudo keeps SSH_CONNECTION from us, and our callers have it', async () => {
  const files = {
    '/proc/self/status': 'Name:\tnode\nPPid:\t30\n',
    '/proc/30/status': 'Name:\tsudo\nPPid:\t20\n',
    '/proc/30/environ': 'SUDO_USER=pi\0PATH=/bin\0',
    '/proc/20/status': 'Name:\tbash\nPPid:\t1\n',
    '/proc/20/environ': 'HOME=/home/pi\0SSH_CONNECTION=10.9.9.9 50000 10.9.9.1 22\0',
  };
  assert.deepEqual(await found({ files }), ['10.9.9.1']);
  const circle = { '/proc/self/status': 'PPid:\t30\n', '/proc/30/status': 'PPid:\t30\n' };
  assert.deepEqual(await found({ files: circle }), [], 'and comes to an end');
});

test('sshd is found on any port, and what it tunnels is no session', async () => {
  assert.deepEqual(await found(sockets(listen(2222), estab('10.9.9.1:2222', 'sshd-session'))), ['10.9.9.1']);
  assert.deepEqual(await found(sockets(listen(2222), estab('10.1.1.1:51234', 'sshd'))), []);
  assert.deepEqual(await found(sockets(listen(80), estab('10.9.9.1:80', 'nginx'))), []);
  assert.deepEqual(await found(sockets('ESTAB 0 0 10.9.9.1:22 10.9.9.9:50000')), ['10.9.9.1'], 'without root');
});

test('link-local sessions are known without their zone', async () => {
  assert.deepEqual(await found({}, 'fe80::9%eth0 50000 fe80::1%eth0 22'), ['fe80::1']);
  assert.deepEqual(await found(sockets(estab('[fe80::1]%eth0:22', 'sshd'))), ['fe80::1']);
  assert.deepEqual(await found(sockets(estab('[fe80::1%eth0]:22', 'sshd'))), ['fe80::1']);
});

const withSession = async (ip: string, machine: Machine = machines.container): Promise<BridgeFacts> =>
  readFacts(recorded(withAddress(machine, ip)), `10.9.9.9 50000 ${ip} 22`);

const isRefusal = (error: unknown): boolean =>
  error instanceof PiburnError &&
  error.failure.code === 'SSH_SESSION' &&
  /--allow-session/.test(error.failure.hint ?? '');

test('create refuses to cut a session off; a dry run warns, --allow-session goes on', async () => {
  const facts = await withSession('192.168.7.4');
  assert.throws(() => planCreate({}, facts), isRefusal);
  const plan = planCreate({ onSession: 'warn' }, facts);
  assert.match(plan.warnings.join(), /192\.168\.7\.4 on eth0.*refused without --allow-session/);
  assert.match(planCreate({ onSession: 'allow' }, facts).warnings.join(), /may cut it off/);
  assert.doesNotMatch(planCreate({}, await withSession('10.1.1.1')).warnings.join(), /SSH/, 'its own address stays');
});

async function madeState(machine: Machine, isUp = true): Promise<BridgeState> {
  const { settings, steps } = planCreate({}, await readFacts(recorded(machine)));
  const entries = steps
    .filter(({ step }) => !isUp || !step.id.startsWith('link'))
    .map(({ step }) => ({ step, isDone: true }));
  return { version: 1, phase: 'made', settings, entries };
}

test('delete refuses when the session comes in at the address that goes, by whoever set it', async () => {
  for (const machine of [machines.container, machines.bullseye, machines.networkd]) {
    const state = await madeState(machine);
    const facts = { ...(await withSession('10.1.1.1', machine)), state };
    assert.throws(() => planDelete(state, facts), isRefusal);
    assert.match(
      planDelete(state, facts, { onSession: 'warn' }).warnings.join(),
      /10\.1\.1\.1 on eth0.*--allow-session/,
    );
    assert.ok(planDelete(state, facts, { onSession: 'allow' }).entries.length > 0);
  }
});

test('another address goes only with the interface or its manager', async () => {
  const plain = await madeState(machines.container);
  const facts = await withSession('192.168.7.4');
  assert.deepEqual(planDelete(plain, { ...facts, state: plain }).warnings, []);
  const down = await madeState(machines.container, false);
  assert.throws(() => planDelete(down, { ...facts, state: down }), isRefusal);
  const uplink = await readFacts(recorded(machines.container), '10.9.9.9 50000 192.168.1.23 22');
  assert.deepEqual(planDelete(down, { ...uplink, state: down }).warnings, []);
});
