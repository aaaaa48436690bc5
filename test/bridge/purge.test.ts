// `--purge` that stops in its midst: what is gone then is said, and how it comes back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { applyPlan } from '../../src/bridge/apply.js';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import type { Command } from '../../src/bridge/plan/types.js';
import { toFailure } from '../../src/errors.js';
import { FakeSystem, Tree } from './fake-system.js';
import { machines, recorded, withDnsmasq } from './recorded.js';

/** Programs with these words fail. */
class FailingSystem extends FakeSystem {
  readonly #words: string;

  constructor(tree: Tree, words: string) {
    super(tree);
    this.#words = words;
  }

  override async run(command: Command) {
    const result = await super.run(command);
    if (!command.argv.join(' ').includes(this.#words)) return result;
    return { ...result, exitCode: 100, stderr: 'E: Unable to fetch some archives' };
  }
}

async function failAt(words: string) {
  const system = new FailingSystem(new Tree(), words);
  const facts = await readFacts(recorded(withDnsmasq(machines.networkd, 0)), undefined, true);
  const failure = await applyPlan(planCreate({ purge: true }, facts), undefined, system).then(
    () => assert.fail('it went well'),
    toFailure,
  );
  return { ...failure, commands: system.commands };
}

test('without a network nothing is removed', async () => {
  const { message, commands } = await failAt('--download-only');
  assert.match(message, /"fetch dnsmasq-base and dnsmasq" failed.*; everything is as it was before$/);
  assert.deepEqual(
    commands.filter((words) => words.includes('dpkg')),
    [],
  );
});

test('an installation that fails after the removal says what is missing, and what to type', async () => {
  const { message, hint } = await failAt('apt-get install -y');
  assert.doesNotMatch(message, /everything is as it was/);
  assert.match(message, /everything else is as it was before, but dnsmasq was removed with its settings$/);
  assert.match(hint ?? '', /`sudo apt-get install dnsmasq-base dnsmasq` brings it back/);
});

test('a removal that fails may have removed something', async () => {
  const { message, commands } = await failAt('dpkg --purge');
  assert.match(message, /but perhaps dnsmasq was removed with its settings$/);
  assert.equal(commands.filter((words) => words.includes('apt-get install -y')).length, 0);
});
