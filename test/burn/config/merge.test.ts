// What wins when several places say something: the command line, then the node's own, then what holds for all.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readConfig } from '../../../src/burn/config/config-file.js';
import { readInventory } from '../../../src/burn/config/inventory.js';
import { mergeSettings } from '../../../src/burn/config/merge.js';
import type { Settings } from '../../../src/burn/config/settings.js';
import { scratchFolder } from '../../native/scratch.js';

type Context = Parameters<typeof scratchFolder>[0];

function merge(t: Context, commandLine: Settings, config?: string, inventory?: string) {
  const folder = scratchFolder(t);
  const [configFile, inventoryFile] = [join(folder, 'c.yaml'), join(folder, 'n.csv')];
  if (config !== undefined) writeFileSync(configFile, config, { mode: 0o600 });
  if (inventory !== undefined) writeFileSync(inventoryFile, inventory, { mode: 0o600 });
  const merged = mergeSettings(
    commandLine,
    config === undefined ? undefined : readConfig(configFile),
    inventory === undefined ? undefined : readInventory(inventoryFile),
  );
  return { ...merged, settings: merged.nodes.map(({ settings }) => settings), folder };
}

test('the command line alone makes its nodes', (t) => {
  const { run, settings, nodes } = merge(t, {
    image: 'a.img',
    hostname: 'red[1-2]',
    ipaddr: '10.1.1.[2-3]',
    dns: ['9.9.9.9'],
    verify: false,
  });
  assert.deepEqual(run, { image: 'a.img', verify: false });
  assert.deepEqual(settings, [
    { hostname: 'red1', ipaddr: '10.1.1.2', dns: ['9.9.9.9'] },
    { hostname: 'red2', ipaddr: '10.1.1.3', dns: ['9.9.9.9'] },
  ]);
  assert.deepEqual(nodes[0]?.labels, { hostname: '--hostname', ipaddr: '--ipaddr', dns: '--dns' });
});

const config = `image: latest
user: alice
gateway: 10.1.1.1
dns: [9.9.9.9, 1.1.1.1]
verify: yes
nodes:
- hostname: red
  ip: 10.1.1.1
  gateway: ~
- hostname: red[1-2]
  ip: 10.1.1.[2-3]
  user: bob
`;

test('what a node has of its own wins over what all have, and an empty value takes that back', (t) => {
  const { run, settings, nodes, folder } = merge(t, {}, config);
  const dns = ['9.9.9.9', '1.1.1.1'];
  assert.deepEqual(run, { image: 'latest', verify: true });
  assert.deepEqual(settings, [
    { hostname: 'red', ipaddr: '10.1.1.1', user: 'alice', dns },
    { hostname: 'red1', ipaddr: '10.1.1.2', user: 'bob', gateway: '10.1.1.1', dns },
    { hostname: 'red2', ipaddr: '10.1.1.3', user: 'bob', gateway: '10.1.1.1', dns },
  ]);
  assert.equal(nodes[1]?.labels.user, `${folder}/c.yaml:12: user`);
  assert.equal(nodes[1]?.labels.gateway, `${folder}/c.yaml:3: gateway`);
});

test('the command line wins over everything, a list as a whole', (t) => {
  const { run, settings, nodes, labels } = merge(
    t,
    { image: 'a.img', user: 'carol', dns: ['8.8.8.8'], gateway: '10.1.1.9', verify: false },
    config,
  );
  assert.deepEqual(run, { image: 'a.img', verify: false });
  const same = { user: 'carol', dns: ['8.8.8.8'], gateway: '10.1.1.9' };
  assert.deepEqual(settings, [
    { hostname: 'red', ipaddr: '10.1.1.1', ...same },
    { hostname: 'red1', ipaddr: '10.1.1.2', ...same },
    { hostname: 'red2', ipaddr: '10.1.1.3', ...same },
  ]);
  assert.equal(nodes[1]?.labels.user, '--user');
  assert.equal(labels.image, '--image');
});

test('--hostname picks nodes out of the file, in its own order', (t) => {
  const { settings } = merge(t, { hostname: 'RED2,red' }, config);
  assert.deepEqual(
    settings.map(({ hostname, ipaddr }) => [hostname, ipaddr]),
    [
      ['red2', '10.1.1.3'],
      ['red', '10.1.1.1'],
    ],
  );
  const listed = 'hostname: red[1-5]\nip: 10.1.1.[1-5]\n';
  assert.deepEqual(merge(t, { hostname: 'red4' }, listed).settings, [{ hostname: 'red4', ipaddr: '10.1.1.4' }]);
});

test('--ipaddr replaces the addresses of the nodes that were picked', (t) => {
  const { settings, nodes } = merge(t, { hostname: 'red2,red', ipaddr: '10.9.9.[1-2]/16' }, config);
  assert.deepEqual(
    settings.map(({ hostname, ipaddr }) => [hostname, ipaddr]),
    [
      ['red2', '10.9.9.1/16'],
      ['red', '10.9.9.2/16'],
    ],
  );
  assert.equal(nodes[0]?.labels.ipaddr, '--ipaddr');
});

test('a config file without nodes leaves them to the command line', (t) => {
  const { settings } = merge(t, { hostname: 'a,b' }, 'ip6addr: fd00::[1-2]\nuser: pi\n');
  assert.deepEqual(settings, [
    { hostname: 'a', ip6addr: 'fd00::1', user: 'pi' },
    { hostname: 'b', ip6addr: 'fd00::2', user: 'pi' },
  ]);
  assert.deepEqual(merge(t, {}, 'user: pi\n').settings, []);
});

test('an inventory has the nodes, and the config file what holds for all', (t) => {
  const { settings, run } = merge(
    t,
    { country: 'GB' },
    'image: latest\nuser: alice\ncountry: US\n',
    'host,user\na,\nb,bob\n',
  );
  assert.deepEqual(run, { image: 'latest' });
  assert.deepEqual(settings, [
    { hostname: 'a', user: 'alice', country: 'GB' },
    { hostname: 'b', user: 'bob', country: 'GB' },
  ]);
});

test('settings of the run are not among those of the nodes', (t) => {
  const { settings } = merge(t, { image: 'x', device: '/dev/sda', hostname: 'a' });
  assert.deepEqual(settings, [{ hostname: 'a' }]);
});

test('warnings of both files are kept', (t) => {
  const { warnings } = merge(t, {}, 'user: pi\n', 'host,tag\na,latest\n');
  assert.equal(warnings.length, 1);
});

const refused: readonly (readonly [
  what: string,
  commandLine: Settings,
  config: string | undefined,
  inventory: string | undefined,
  message: RegExp,
])[] = [
  [
    'a name that the file does not have',
    { hostname: 'red3' },
    config,
    undefined,
    /--hostname: \S*c\.yaml has no node called 'red3'/,
  ],
  ['one of several', { hostname: 'red1,blue' }, config, undefined, /no node called 'blue'/],
  [
    'nodes in both files',
    {},
    config,
    'host\na\n',
    /the nodes are those of \S*n\.csv, and \S*c\.yaml:7: hostname describes some too/,
  ],
  ['names in both files', {}, 'hostname: a\n', 'host\na\n', /c\.yaml:1: hostname describes some too/],
  ['addresses in the config only', {}, 'ip: 10.1.1.1\n', 'host\na\n', /c\.yaml:1: ip describes some too/],
  [
    'addresses without names',
    {},
    'user: pi\nip: 10.1.1.1\n',
    undefined,
    /c\.yaml:2: ip: there are addresses, and no host names/,
  ],
  ['--ipaddr without names', { ipaddr: '10.1.1.1' }, undefined, undefined, /^--ipaddr: there are addresses/],
  ['too few addresses', { ipaddr: '10.1.1.1' }, config, undefined, /^--ipaddr: 1 address for 3 host names/],
  [
    'an address of the file that another node gets on the command line',
    { hostname: 'a,b', ipaddr: '10.1.1.1/24,10.1.1.1/16' },
    undefined,
    undefined,
    /^--ipaddr: the address '10\.1\.1\.1\/16' of b is that of a in --ipaddr too/,
  ],
];

for (const [what, commandLine, configText, inventoryText, message] of refused)
  test(`refused: ${what}`, (t) =>
    assert.throws(
      () => merge(t, commandLine, configText, inventoryText),
      (error) => {
        assert.match(String(error), new RegExp(message.source.replace('^', 'PiburnError: ')));
        return true;
      },
    ));
