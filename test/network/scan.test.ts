// The scan itself over a made-up world: who counts as there, when it looks again, and how it ends early.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { type Answer, knock } from '../../src/network/ask-host.js';
import type { NeighbourEntry } from '../../src/network/ip-json.js';
import { neighboursOf, ownFindings } from '../../src/network/neighbours.js';
import { type ScanWays, scan } from '../../src/network/scan.js';

const entry = (address: string, state: string, mac?: string): NeighbourEntry => ({
  address,
  interfaceName: 'eth0',
  state,
  ...(mac === undefined ? {} : { mac }),
});
const mac = '02:00:00:00:00:01';
const never = new AbortController().signal;

/** `tables`: what the kernel says at each look; the last one stays. */
function world(answering: readonly string[], tables: readonly (readonly NeighbourEntry[])[]) {
  const seen = { asked: [] as string[], looks: 0, pauses: 0, atOnce: 0, most: 0 };
  const ways: ScanWays = {
    async ask(address): Promise<Answer> {
      seen.asked.push(address);
      seen.atOnce += 1;
      seen.most = Math.max(seen.most, seen.atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      seen.atOnce -= 1;
      return answering.includes(address) ? { answered: true, latencyMs: 1 } : { answered: false };
    },
    async neighbours() {
      seen.looks += 1;
      return tables[Math.min(seen.looks, tables.length) - 1] ?? [];
    },
    async pause() {
      seen.pauses += 1;
    },
  };
  return { ways, seen };
}

test('a host that does not answer is there when the kernel has just heard it', async () => {
  const table = [entry('10.1.1.1', 'REACHABLE', mac), entry('10.1.1.2', 'REACHABLE', mac), entry('10.1.1.3', 'FAILED')];
  const { ways } = world(['10.1.1.1'], [[...table, entry('10.1.1.9', 'REACHABLE', mac)]]);
  const result = await scan(['10.1.1.1', '10.1.1.2', '10.1.1.3'], ways, never);
  assert.deepEqual([...result.answers.keys()], ['10.1.1.1']);
  assert.deepEqual([...result.silent], ['10.1.1.2']);
  assert.deepEqual([...result.macs.keys()], ['10.1.1.1', '10.1.1.2']);
  assert.deepEqual([result.asked, result.isComplete], [3, true]);
});

test('a host that the kernel only remembers is not there', async () => {
  const states = ['STALE', 'FAILED', 'INCOMPLETE', 'PERMANENT', 'NOARP'];
  for (const state of states) {
    const { ways } = world([], [[entry('10.1.1.2', state, mac)]]);
    assert.equal((await scan(['10.1.1.2'], ways, never)).silent.size, 0, state);
  }
});

test('while the kernel is unsure the table is looked at again, and not for ever', async () => {
  const unsure = [entry('10.1.1.2', 'DELAY', mac)];
  const settled = world([], [unsure, [entry('10.1.1.2', 'PROBE', mac)], [entry('10.1.1.2', 'REACHABLE', mac)]]);
  assert.deepEqual([...(await scan(['10.1.1.2'], settled.ways, never)).silent], ['10.1.1.2']);
  assert.equal(settled.seen.looks, 3);
  const stuck = world([], [unsure]);
  assert.equal((await scan(['10.1.1.2'], stuck.ways, never)).silent.size, 0);
  assert.ok(stuck.seen.pauses < 20, 'it ends');
});

test('every address is asked once, at most 64 at a time, and the table is kept an eye on', async () => {
  const addresses = Array.from({ length: 1000 }, (_, index) => `10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`);
  const { ways, seen } = world([], [[]]);
  let last = 0;
  await scan(addresses, ways, never, (asked) => {
    last = asked;
  });
  assert.deepEqual(seen.asked.toSorted(), addresses.toSorted());
  assert.equal(seen.most, 64);
  assert.equal(last, 1000);
  assert.ok(seen.looks >= 4, 'the kernel forgets');
});

test('a scan that is ended early gives what it has, at once', async () => {
  const abort = new AbortController();
  const { ways } = world(['10.1.1.1'], [[]]);
  const slow = {
    ...ways,
    ask: (address: string) => (address === '10.1.1.1' ? ways.ask(address) : new Promise<Answer>(() => undefined)),
  };
  const result = await scan(['10.1.1.1', '10.1.1.2'], slow, abort.signal, () => abort.abort());
  assert.deepEqual([...result.answers.keys()], ['10.1.1.1']);
  assert.deepEqual([result.asked, result.isComplete], [1, false]);
});

test('a knock is answered by whoever accepts it and by whoever refuses it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const place = server.address();
  const port = typeof place === 'object' && place !== null ? place.port : 0;
  const accepted = await knock('127.0.0.1', port, 1000);
  assert.equal(accepted.answered, true);
  assert.ok((accepted.latencyMs ?? -1) >= 0);
  server.close();
  await new Promise((resolve) => server.once('close', resolve));
  assert.equal((await knock('127.0.0.1', port, 1000)).answered, true);
});

test('one row for each address, by number, with all that was found of it', () => {
  const own = ownFindings(
    ['10.1.1.1', '10.1.1.10'],
    [
      {
        name: 'eth0',
        kind: 'hardware',
        mac: 'dc:a6:32:00:00:01',
        link: 'up',
        isDefault: true,
        addresses: [
          { family: 'ipv4', address: '10.1.1.1', prefixLength: 24 },
          { family: 'ipv4', address: '10.2.1.1', prefixLength: 24 },
        ],
      },
    ],
  );
  const rows = neighboursOf(
    [
      ...own,
      { address: '10.1.1.10', status: 'up', latencyMs: 2, mac },
      { address: '10.1.1.9', status: 'silent', mac },
      { address: '10.1.1.1', status: 'up', latencyMs: 0.02, mac: undefined },
    ],
    new Map([
      ['10.1.1.9', 'red009'],
      ['10.1.1.1', 'wrong'],
    ]),
    new Map([[mac, 'Somebody']]),
    { name: 'manager', addresses: new Set(['10.1.1.1']) },
  );
  assert.deepEqual(rows, [
    {
      address: '10.1.1.1',
      status: 'up',
      name: 'manager',
      latencyMs: 0.02,
      mac: 'dc:a6:32:00:00:01',
      isRaspberryPi: true,
      isSelf: true,
    },
    {
      address: '10.1.1.9',
      status: 'silent',
      name: 'red009',
      mac,
      vendor: 'Somebody',
      isRaspberryPi: false,
      isSelf: false,
    },
    { address: '10.1.1.10', status: 'up', latencyMs: 2, mac, vendor: 'Somebody', isRaspberryPi: false, isSelf: false },
  ]);
});
