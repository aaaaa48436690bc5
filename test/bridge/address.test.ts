// Who is in charge of the address: what the state says holds while its program is there, whatever it answers at the moment.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readFacts } from '../../src/bridge/facts.js';
import { type Manager, managerOf } from '../../src/bridge/plan/address-steps.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { paths } from '../../src/bridge/plan/paths.js';
import type { BridgeState } from '../../src/bridge/plan/types.js';
import { change, type Machine, machines, recorded } from './recorded.js';

const nmcli = 'nmcli -t -f DEVICE,STATE,CONNECTION device';
const withProgram = (machine: Machine, ...names: readonly string[]): Machine => ({
  ...machine,
  programs: [...machine.programs, ...names],
});

/** The machine after a bridge was made there. */
async function made(machine: Machine): Promise<Machine> {
  const { settings, steps } = planCreate({}, await readFacts(recorded(machine)));
  const entries = steps.map(({ step }) => ({ step, isDone: true }));
  const state: BridgeState = { version: 1, phase: 'made', settings, entries };
  return change(machine, { files: { [paths.state]: JSON.stringify(state) } });
}

const managerAt = async (machine: Machine): Promise<Manager> => managerOf('eth0', await readFacts(recorded(machine)));

/** The machine at first, what it is later, and who is in charge then. */
const cases: readonly (readonly [string, Machine, Partial<Machine>, Manager])[] = [
  [
    'nmcli fails for a moment',
    withProgram(machines.bookworm, 'nmcli'),
    { outputs: without(nmcli, machines.bookworm) },
    'NetworkManager',
  ],
  ['NetworkManager is removed', machines.bookworm, { outputs: without(nmcli, machines.bookworm) }, 'none'],
  [
    'NetworkManager gives the interface away',
    withProgram(machines.bookworm, 'nmcli'),
    { outputs: { [nmcli]: 'eth0:unmanaged:\n' } },
    'none',
  ],
  [
    'systemd-networkd does not answer',
    withProgram(machines.networkd, 'networkctl'),
    { outputs: { 'systemctl is-active systemd-networkd.service': 'inactive\n' } },
    'systemd-networkd',
  ],
  [
    'NetworkManager has taken over from systemd-networkd',
    withProgram(machines.networkd, 'networkctl'),
    { outputs: { 'systemctl is-active systemd-networkd.service': 'inactive\n', [nmcli]: 'eth0:connected:lan\n' } },
    'NetworkManager',
  ],
];

/** The answers of a machine, one of them empty. */
function without(commandLine: string, machine: Pick<Machine, 'outputs'>): Machine['outputs'] {
  return Object.fromEntries(Object.entries(machine.outputs).filter(([each]) => each !== commandLine));
}

for (const [name, machine, later, expected] of cases) {
  test(`a bridge that is there: ${name}`, async () => {
    const { files, ...rest } = await made(machine);
    const now = { ...rest, files, outputs: { ...without(nmcli, rest), ...later.outputs } };
    assert.equal(await managerAt(now), expected);
  });
}

test('without a bridge whoever answers is in charge', async () => {
  const silent = withProgram(machines.bookworm, 'nmcli');
  assert.equal(await managerAt(silent), 'NetworkManager');
  assert.equal(await managerAt({ ...silent, outputs: without(nmcli, silent) }), 'none');
});
