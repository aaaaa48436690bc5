// What others' rules do to the cluster's packets, read from nft's JSON as nft 1.0.6 prints it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readRules } from '../../../src/bridge/use/foreign-rules.js';
import { hasForeignForward } from '../../../src/bridge/use/nft-ruleset.js';
import { readSsh } from '../../../src/bridge/use/try-host.js';
import { settings } from '../recorded.js';

const sides = { ...settings, private: 'eth1', uplink: 'eth0' };
const chain = (table: string, name: string, more: object = {}) => ({ chain: { family: 'ip', table, name, ...more } });
const forward = (table: string, policy: string) =>
  chain(table, 'FORWARD', { type: 'filter', hook: 'forward', prio: 0, policy });
const rule = (table: string, name: string, ...expr: object[]) => ({ rule: { family: 'ip', table, chain: name, expr } });
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const from = (right: unknown, op?: string) => match({ meta: { key: 'iifname' } }, right, op);
const to = (right: unknown, op?: string) => match({ meta: { key: 'oifname' } }, right, op);
const header = (protocol: string, field: string) => ({ payload: { protocol, field } });
const known = match({ ct: { key: 'state' } }, ['established', 'related'], 'in');
const [accept, drop, counter] = [{ accept: null }, { drop: null }, { counter: { packets: 7, bytes: 420 } }] as const;
const jump = (target: string) => ({ jump: { target } });
const back = rule('filter', 'FORWARD', to('eth1'), known, accept);

const textOf = (...items: object[]) => JSON.stringify({ nftables: [{ metainfo: {} }, ...items] });
const judge = (...items: object[]) =>
  readRules(textOf(...items), sides)?.dropping.map(
    ({ table, how, way, keeper }) => `${table}: ${way}, ${how}${keeper === undefined ? '' : ` (${keeper})`}`,
  );
const dropped = ['ip filter: both, policy drop'];
/** With a policy of dropping and a rule for the answers. */
const out = (...expr: object[]) => judge(forward('filter', 'drop'), back, rule('filter', 'FORWARD', ...expr));
const outDropped = ['ip filter: out, policy drop'];

test('a chain of others that drops what is forwarded is found, unless it lets the cluster out and the answers in', () => {
  assert.deepEqual(judge(forward('filter', 'drop')), dropped);
  assert.deepEqual(judge(forward('filter', 'accept')), []);
  assert.deepEqual(out(from('eth1'), counter, accept), []);
  assert.deepEqual(out(from({ set: ['wlan0', 'eth1'] }), accept), []);
  assert.deepEqual(out(from('eth*'), to('wlan0', '!='), accept), []);
  assert.deepEqual(out(from('eth1'), drop), ['ip filter: out, a rule to drop in chain FORWARD']);
  for (const other of [[from('eth1', '!=')], [to('eth1')], [from('docker0')], [from('eth1'), to('wlan0')]])
    assert.deepEqual(out(...other, accept), outDropped);
  const outOnly = judge(forward('filter', 'drop'), rule('filter', 'FORWARD', from('eth1'), accept));
  assert.deepEqual(outOnly, ['ip filter: back, policy drop']);
});

test('what is accepted on the way into this machine, or in a chain that nobody leads to, is accepted there only', () => {
  const input = chain('filter', 'INPUT', { type: 'filter', hook: 'input', prio: 0, policy: 'accept' });
  const ssh = [from('eth1'), match(header('tcp', 'dport'), 22), accept];
  assert.deepEqual(judge(forward('filter', 'drop'), input, rule('filter', 'INPUT', ...ssh)), dropped);
  assert.deepEqual(judge(forward('filter', 'drop'), input, rule('filter', 'INPUT', accept)), dropped);
  assert.deepEqual(judge(forward('filter', 'drop'), rule('filter', 'nobody', accept)), dropped);
  const led = [rule('filter', 'FORWARD', jump('sub')), rule('filter', 'sub', accept)];
  assert.deepEqual(judge(forward('filter', 'drop'), ...led), []);
});

test('an accept that is about a part of the traffic only does not count, nor does a drop of a part', () => {
  const address = match(header('ip', 'saddr'), '10.1.1.7');
  const web = match(header('tcp', 'dport'), { set: [80, 443] });
  for (const narrow of [web, address, match({ meta: { key: 'mark' } }, 1), { limit: { rate: 5, per: 'second' } }]) {
    assert.deepEqual(out(from('eth1'), narrow, accept), outDropped);
    assert.deepEqual(judge(forward('filter', 'accept'), rule('filter', 'FORWARD', narrow, drop)), []);
  }
  const prefix = (addr: string, len: number) => match(header('ip', 'saddr'), { prefix: { addr, len } });
  assert.deepEqual(out(prefix('10.1.1.0', 24), accept), []);
  assert.deepEqual(out(prefix('10.0.0.0', 8), accept), []);
  assert.deepEqual(out(prefix('10.1.1.0', 25), accept), outDropped);
  assert.deepEqual(out(match(header('ip', 'saddr'), { range: ['10.1.0.0', '10.1.1.255'] }), accept), []);
  const left = rule('filter', 'sub', web, { return: null });
  const rest = [rule('filter', 'FORWARD', jump('sub')), left, rule('filter', 'sub', accept)];
  assert.deepEqual(judge(forward('filter', 'drop'), ...rest), dropped, 'web pages come back from it and are dropped');
});

test('a rule that drops everything is as good as a policy, and one that accepts everything before it as well', () => {
  const everything = (...rules: object[]) => judge(forward('filter', 'accept'), ...rules);
  const word = (verdict: string, where = 'FORWARD') => [`ip filter: both, a rule to ${verdict} in chain ${where}`];
  assert.deepEqual(everything(rule('filter', 'FORWARD', counter, drop)), word('drop'));
  assert.deepEqual(everything(rule('filter', 'FORWARD', { reject: {} })), word('reject'));
  assert.deepEqual(everything(rule('filter', 'FORWARD', from('x'), drop)), []);
  assert.deepEqual(judge(forward('filter', 'drop'), rule('filter', 'FORWARD', accept)), []);
  const sub = [rule('filter', 'FORWARD', { goto: { target: 'sub' } }), rule('filter', 'sub', drop)];
  assert.deepEqual(everything(...sub, rule('filter', 'FORWARD', accept)), word('drop', 'sub'));
  const loop = rule('filter', 'FORWARD', jump('FORWARD'));
  assert.deepEqual(judge(forward('filter', 'drop'), loop), dropped, 'which the kernel would not take');
});

test("nft's own ways of saying it: maps of verdicts, sets with a name, both interfaces at once", () => {
  const state = { ct: { key: 'state' } };
  const map = (key: object, data: unknown) => rule('filter', 'FORWARD', { vmap: { key, data } });
  const entries = [
    ['invalid', drop],
    ['established', accept],
  ];
  const both = { concat: [{ meta: { key: 'iifname' } }, { meta: { key: 'oifname' } }] };
  const first = rule('filter', 'FORWARD', match(both, { set: [{ concat: ['eth1', 'eth0'] }] }), accept);
  assert.deepEqual(judge(forward('filter', 'drop'), map(state, { set: entries }), first), []);
  assert.deepEqual(judge(forward('filter', 'drop'), map(state, { set: entries })), outDropped);
  const named = {
    map: {
      family: 'ip',
      table: 'filter',
      name: 'm',
      elem: [
        ['eth1', jump('sub')],
        ['eth0', accept],
      ],
    },
  };
  const byName = [named, map({ meta: { key: 'iifname' } }, '@m')];
  assert.deepEqual(judge(forward('filter', 'drop'), ...byName, rule('filter', 'sub', accept)), []);
  assert.deepEqual(judge(forward('filter', 'drop'), ...byName), outDropped);
  const set = (addr: string) => ({
    set: { family: 'ip', table: 'filter', name: 's', elem: [{ prefix: { addr, len: 24 } }] },
  });
  const inSet = rule('filter', 'FORWARD', match(header('ip', 'saddr'), '@s'), accept);
  assert.deepEqual(judge(forward('filter', 'drop'), back, set('10.1.1.0'), inSet), []);
  assert.deepEqual(judge(forward('filter', 'drop'), back, set('10.1.2.0'), inSet), outDropped);
  assert.deepEqual(judge(forward('filter', 'drop'), back, inSet), outDropped);
});

test("docker's chains, as iptables-nft 1.8.9 writes them and nft 1.0.6 prints them", () => {
  const tracked = { xt: { type: 'match', name: 'conntrack' } };
  const numbered = (handle: number, name: string, ...expr: object[]) => ({
    rule: { family: 'ip', table: 'filter', chain: name, handle, expr: [...expr.slice(0, -1), counter, expr.at(-1)] },
  });
  const stage = 'DOCKER-ISOLATION-STAGE-1';
  const docker = [
    forward('filter', 'drop'),
    chain('filter', 'DOCKER-USER'),
    numbered(8, 'FORWARD', jump('DOCKER-USER')),
    numbered(9, 'FORWARD', jump(stage)),
    numbered(10, 'FORWARD', to('docker0'), tracked, accept),
    numbered(12, 'FORWARD', from('docker0'), to('docker0', '!='), accept),
    numbered(14, stage, from('docker0'), to('docker0', '!='), jump('DOCKER-ISOLATION-STAGE-2')),
    numbered(16, 'DOCKER-ISOLATION-STAGE-2', to('docker0'), drop),
    numbered(17, stage, { return: null }),
  ];
  assert.deepEqual(judge(...docker), ['ip filter: both, policy drop (docker)']);
  const user = [
    numbered(18, 'DOCKER-USER', from('eth1'), to('eth0'), { xt: { type: 'match', name: 'comment' } }, accept),
    numbered(19, 'DOCKER-USER', to('eth1'), tracked, accept),
    numbered(24, 'DOCKER-USER', { return: null }),
  ];
  const listing = (table: string, state: string) =>
    `table ${table} { # handle 1\n\tchain DOCKER-USER { # handle 7\n\t\toifname "eth1" ct state ${state} counter packets 0 bytes 0 accept # handle 19\n\t}\n}\n`;
  const ways = (text: string) => readRules(textOf(...docker, ...user), sides, text)?.dropping.map(({ way }) => way);
  assert.deepEqual(ways(listing('ip filter', 'related,established')), []);
  assert.deepEqual(ways(listing('ip filter', 'new')), ['back']);
  assert.deepEqual(ways(listing('ip other', 'related,established')), ['back']);
  assert.deepEqual(ways(''), ['back'], 'what nft does not tell counts for nothing');
  const rejected = numbered(20, 'DOCKER-USER', from('eth1'), { xt: { type: 'target', name: 'REJECT' } });
  assert.deepEqual(judge(...docker, rejected), ['ip filter: both, a rule to reject in chain DOCKER-USER (docker)']);
});

test('our own table, chains of other hooks and tables that are switched off are no foreign forward chains', () => {
  const own = { family: 'inet', table: 'piburn', name: 'forward', hook: 'forward', policy: 'drop' };
  assert.deepEqual(judge({ chain: own }), []);
  assert.deepEqual(judge(chain('filter', 'INPUT', { hook: 'input', policy: 'drop' })), []);
  for (const flags of ['dorm', ['dormant']])
    assert.deepEqual(judge({ table: { family: 'ip', name: 'filter', flags } }, forward('filter', 'drop')), []);
  const ip6 = { chain: { family: 'ip6', table: 'filter', name: 'f', hook: 'forward', policy: 'drop' } };
  assert.deepEqual(judge(ip6), [], 'without IPv6 it is none of our business');
  const ipv6 = { prefix: 'fd12:3456:789a::', address: 'fd12:3456:789a::1', mode: 'nat' } as const;
  assert.equal(readRules(textOf(ip6), { ...sides, ipv6 })?.dropping[0]?.table, 'ip6 filter');
  const saddr = match(header('ip6', 'saddr'), { prefix: { addr: 'fd00::', len: 8 } });
  const rules = [saddr, known].map((each) => ({
    rule: { family: 'ip6', table: 'filter', chain: 'f', expr: [each, accept] },
  }));
  assert.deepEqual(readRules(textOf(ip6, ...rules), { ...sides, ipv6 })?.dropping, []);
});

test('others have rules for what is forwarded when they have a chain for it that does something', () => {
  const has = (...items: object[]) => hasForeignForward(textOf(...items));
  assert.equal(has(forward('filter', 'accept')), false);
  assert.equal(has(forward('filter', 'drop')), true);
  assert.equal(has(forward('filter', 'accept'), rule('filter', 'FORWARD', from('docker0'), accept)), true);
  assert.equal(has(forward('filter', 'accept'), rule('filter', 'INPUT', drop)), false);
  assert.equal(hasForeignForward(''), false);
});

test('our masquerading is found, with its counter if it has one', () => {
  const expr = [{ match: {} }, { masquerade: null }];
  const ours = (more: object[]) => ({
    rule: { family: 'inet', table: 'piburn', chain: 'postrouting', expr: [...more, ...expr] },
  });
  const read = (...items: object[]) => readRules(JSON.stringify({ nftables: items }), sides)?.masquerade;
  assert.deepEqual(read(ours([])), {});
  assert.deepEqual(read(ours([counter])), { packets: 7 });
  assert.equal(read(rule('nat', 'POSTROUTING', ...expr)), undefined, "Docker's is not ours");
  assert.equal(readRules('no json', sides), undefined);
});

test('ssh that does not get in says nothing about the internet', () => {
  const said = (exitCode: number, stderr = '') => readSsh({ exitCode, stdout: '', stderr }, '1.1.1.1');
  assert.deepEqual(said(0), { state: 'good' });
  assert.deepEqual(said(1), { state: 'failed', detail: '1.1.1.1 does not answer it' });
  const denied = 'Warning: x\r\npi@10.1.1.2: Permission denied (publickey).\r\n';
  assert.deepEqual(said(255, denied), { state: 'untried', detail: 'pi@10.1.1.2: Permission denied (publickey).' });
  assert.equal(said(127).state, 'untried');
});
