// What others' rules do to the cluster's packets, read from nft's JSON as nft 1.0.6 prints it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readRules } from '../../../src/bridge/use/foreign-rules.js';
import { readSsh } from '../../../src/bridge/use/try-host.js';

const chain = (table: string, name: string, more: object = {}) => ({ chain: { family: 'ip', table, name, ...more } });
const forward = (table: string, policy: string) =>
  chain(table, 'FORWARD', { type: 'filter', hook: 'forward', prio: 0, policy });
const rule = (table: string, name: string, ...expr: object[]) => ({ rule: { family: 'ip', table, chain: name, expr } });
const from = (key: string, right: unknown, op = '==') => ({ match: { op, left: { meta: { key } }, right } });
const [accept, drop, counter] = [{ accept: null }, { drop: null }, { counter: { packets: 7, bytes: 420 } }] as const;

const judge = (...items: object[]) => {
  const found = readRules(JSON.stringify({ nftables: [{ metainfo: {} }, ...items] }), 'eth1');
  return found?.dropping.map(({ table, how, hasDockerUser }) => `${table}: ${how}${hasDockerUser ? ' (docker)' : ''}`);
};

test('a chain of others that drops what is forwarded is found, unless it lets the cluster in', () => {
  assert.deepEqual(judge(forward('filter', 'drop')), ['ip filter: policy drop']);
  assert.deepEqual(judge(forward('filter', 'accept')), []);
  assert.deepEqual(judge(forward('filter', 'drop'), chain('filter', 'DOCKER-USER')), [
    'ip filter: policy drop (docker)',
  ]);
  const user = (...expr: object[]) => judge(forward('filter', 'drop'), rule('filter', 'DOCKER-USER', ...expr));
  assert.deepEqual(user(from('iifname', 'eth1'), counter, accept), []);
  assert.deepEqual(user(from('iifname', { set: ['eth1', 'eth2'] }), accept), []);
  assert.deepEqual(user(from('iifname', 'eth1'), drop), ['ip filter: policy drop']);
  assert.deepEqual(user(from('iifname', 'eth1', '!='), accept), ['ip filter: policy drop']);
  assert.deepEqual(user(from('oifname', 'eth1'), accept), ['ip filter: policy drop']);
  assert.deepEqual(user(from('iifname', 'docker0'), accept), ['ip filter: policy drop']);
});

test('a rule that drops everything is as good as a policy, and one that accepts everything before it as well', () => {
  const everything = (...rules: object[]) => judge(forward('filter', 'accept'), ...rules);
  assert.deepEqual(everything(rule('filter', 'FORWARD', counter, drop)), ['ip filter: a rule to drop everything']);
  assert.deepEqual(everything(rule('filter', 'FORWARD', { reject: {} })), ['ip filter: a rule to reject everything']);
  assert.deepEqual(everything(rule('filter', 'FORWARD', from('iifname', 'x'), drop)), []);
  assert.deepEqual(judge(forward('filter', 'drop'), rule('filter', 'FORWARD', accept)), []);
});

test('our own table and chains of other hooks are no foreign forward chains', () => {
  const own = { family: 'inet', table: 'piburn', name: 'forward', hook: 'forward', policy: 'drop' };
  assert.deepEqual(judge({ chain: own }), []);
  assert.deepEqual(judge(chain('filter', 'INPUT', { hook: 'input', policy: 'drop' })), []);
});

test('our masquerading is found, with its counter if it has one', () => {
  const expr = [{ match: {} }, { masquerade: null }];
  const ours = (more: object[]) => ({
    rule: { family: 'inet', table: 'piburn', chain: 'postrouting', expr: [...more, ...expr] },
  });
  const read = (...items: object[]) => readRules(JSON.stringify({ nftables: items }), 'eth1')?.masquerade;
  assert.deepEqual(read(ours([])), {});
  assert.deepEqual(read(ours([counter])), { packets: 7 });
  assert.equal(read(rule('nat', 'POSTROUTING', ...expr)), undefined, "Docker's is not ours");
  assert.equal(readRules('no json', 'eth1'), undefined);
});

test('ssh that does not get in says nothing about the internet', () => {
  const said = (exitCode: number, stderr = '') => readSsh({ exitCode, stdout: '', stderr }, '1.1.1.1');
  assert.deepEqual(said(0), { state: 'good' });
  assert.deepEqual(said(1), { state: 'failed', detail: '1.1.1.1 does not answer it' });
  const denied = 'Warning: x\r\npi@10.1.1.2: Permission denied (publickey).\r\n';
  assert.deepEqual(said(255, denied), { state: 'untried', detail: 'pi@10.1.1.2: Permission denied (publickey).' });
  assert.equal(said(127).state, 'untried');
});
