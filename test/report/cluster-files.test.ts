// The files by which a cluster is reached, looked at by the programs that read them: ssh, a YAML parser, getent.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  type ClusterNode,
  renderAnsibleInventory,
  renderHosts,
  renderSshConfig,
} from '../../src/report/cluster-files.js';
import { scratchFolder } from '../native/scratch.js';

type Context = Parameters<typeof scratchFolder>[0];

const nodes: readonly ClusterNode[] = [
  { hostname: 'red001', address: '10.1.1.2', address6: 'fd00::2', user: 'alice' },
  { hostname: 'on', address6: 'fd00::3' },
  { hostname: '0123x' },
];

test('each node has a block of its own', () =>
  assert.equal(
    renderSshConfig(nodes, { user: 'pi' }),
    `Host red001
  HostName 10.1.1.2
  User alice
  StrictHostKeyChecking accept-new

Host on
  HostName fd00::3
  User pi
  StrictHostKeyChecking accept-new

Host 0123x
  HostName 0123x.local
  User pi
  StrictHostKeyChecking accept-new
`,
  ));

/** What ssh itself makes of a configuration for one host; undefined, and the test skipped, where there is no ssh. */
function sshSees(t: Context, text: string, host: string): ReadonlyMap<string, string> | undefined {
  const file = join(scratchFolder(t), 'config');
  writeFileSync(file, text, { mode: 0o600 });
  const { error, status, stdout, stderr } = spawnSync('ssh', ['-G', '-F', file, host], { encoding: 'utf8' });
  if (error !== undefined) {
    t.skip('ssh is not there');
    return undefined;
  }
  assert.equal(status, 0, stderr);
  return new Map(stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

test('ssh takes the blocks as they are meant', (t) => {
  const identityFile = '/home/al ice/keys/50%d #1~.key';
  const text = renderSshConfig(nodes, { user: 'pi', identityFile });
  const wanted = [
    ['red001', '10.1.1.2', 'alice'],
    ['on', 'fd00::3', 'pi'],
    ['0123x', '0123x.local', 'pi'],
  ] as const;
  for (const [host, hostname, user] of wanted) {
    const seen = sshSees(t, text, host);
    if (seen === undefined) return;
    assert.deepEqual(
      ['hostname', 'user', 'identitiesonly', 'stricthostkeychecking'].map((name) => seen.get(name)),
      [hostname, user, 'yes', 'accept-new'],
    );
    // -G shows a path before its tokens are expanded.
    assert.equal(seen.get('identityfile'), identityFile.replace('%', '%%'));
  }
  assert.equal(sshSees(t, text, 'red002')?.get('hostname'), 'red002');
});

test('without a user or a key ssh decides', (t) => {
  const text = renderSshConfig([{ hostname: 'red' }]);
  assert.doesNotMatch(text, /User|Identit/);
  assert.equal(sshSees(t, text, 'red')?.get('hostname'), 'red.local');
});

test('what a format cannot hold is refused', () => {
  for (const identityFile of ['/a"b', '/a\\b', '/a\nb', `/a\${HOME}`, '/a{{b}}']) {
    assert.throws(() => renderSshConfig(nodes, { identityFile }), /the path of the key/);
    assert.throws(() => renderAnsibleInventory(nodes, { identityFile }), /the path of the key/);
  }
  for (const node of [
    { hostname: 'a b' },
    { hostname: '*' },
    { hostname: 'a', user: 'x\ny' },
    { hostname: 'a', address: '' },
  ])
    assert.throws(() => renderSshConfig([node]), /neither a name nor an address/);
});

test('the inventory for Ansible has every node, with strings as strings', (t) => {
  const text = renderAnsibleInventory(nodes, { user: 'pi', identityFile: '/home/é😀/id' });
  assert.match(text, /^# Made by piburn/);
  assert.match(text, /^[\n -~]*$/);
  const program = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))';
  const { error, status, stdout, stderr } = spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' });
  if (error !== undefined || stderr.includes('No module')) return t.skip("Python's yaml is not there");
  assert.equal(status, 0, stderr);
  const same = {
    ansible_ssh_private_key_file: '/home/é😀/id',
    ansible_ssh_common_args: '-o StrictHostKeyChecking=accept-new',
  };
  assert.deepEqual(JSON.parse(stdout), {
    all: {
      hosts: {
        red001: { ansible_host: '10.1.1.2', ansible_user: 'alice', ...same },
        on: { ansible_host: 'fd00::3', ansible_user: 'pi', ...same },
        '0123x': { ansible_host: '0123x.local', ansible_user: 'pi', ...same },
      },
    },
  });
});

test('an inventory without nodes is still one', () =>
  assert.match(renderAnsibleInventory([]), /\nall:\n {2}hosts: \{\}\n$/));

test('the hosts fragment has a line for each address, between its markers', () =>
  assert.equal(renderHosts(nodes), '# piburn begins\n10.1.1.2\tred001\nfd00::2\tred001\nfd00::3\ton\n# piburn ends\n'));
