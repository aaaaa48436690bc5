// Inventories, CSV and cloudmesh's YAML: the nodes that they give, or the message with the line that is wrong.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readInventory } from '../../../src/burn/config/inventory.js';
import { PiburnError } from '../../../src/errors.js';
import { scratchFolder } from '../../native/scratch.js';

type Context = Parameters<typeof scratchFolder>[0];

function read(t: Context, text: string, name = 'n.csv', mode = 0o600) {
  const path = join(scratchFolder(t), name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  const { nodes, warnings } = readInventory(path, '/home/alice');
  const short = (words: string) => words.replaceAll(/\/\S*\/(?=n\.(csv|yaml))/g, '');
  return {
    nodes: nodes.map(({ settings }) => settings),
    lines: nodes.map(({ line }) => line),
    labels: nodes.map(({ labels }) => labels),
    warnings: warnings.map(short),
    folder: path.slice(0, -name.length - 1),
  };
}

function messageOf(t: Context, text: string, name?: string): string {
  try {
    read(t, text, name);
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    assert.equal(error.failure.kind, 'usage');
    assert.ok(error.failure.hint);
    return error.failure.message.replaceAll(/\/\S*\/(?=n\.(csv|yaml))/g, '');
  }
  throw new Error('this was taken for good');
}

test('a row is a node, or a hostlist of nodes; an empty cell says nothing', (t) => {
  const text = `# the rack
Host,IP,ip6addr,dns,Router,hidden,ssid
red,10.1.1.1/24,,"9.9.9.9, 1.1.1.1",,yes," a,b "

"red[01-02]",10.1.1.[2-3],fd00::[2-3]/64,8.8.8.8;8.8.4.4,10.1.1.1,,
`;
  const { nodes, lines, labels, warnings } = read(t, text);
  const shared = { dns: ['8.8.8.8', '8.8.4.4'], gateway: '10.1.1.1' };
  assert.deepEqual(nodes, [
    { hostname: 'red', ipaddr: '10.1.1.1/24', dns: ['9.9.9.9', '1.1.1.1'], hidden: true, ssid: ' a,b ' },
    { hostname: 'red01', ipaddr: '10.1.1.2', ip6addr: 'fd00::2/64', ...shared },
    { hostname: 'red02', ipaddr: '10.1.1.3', ip6addr: 'fd00::3/64', ...shared },
  ]);
  assert.deepEqual(lines, [3, 5, 5]);
  assert.match(labels[1]?.gateway ?? '', /\/n\.csv:5: Router$/);
  assert.deepEqual(warnings, []);
});

test('semicolons, tabs, a byte order mark and CRLF are read too', (t) => {
  const nodes = [{ hostname: 'on', user: '0123' }];
  assert.deepEqual(read(t, '\ufeffhostname;user\r\non;0123\r\n').nodes, nodes);
  assert.deepEqual(read(t, 'hostname\tuser\non\t0123\n').nodes, nodes);
});

test('keys and paths are relative to the file', (t) => {
  const { nodes, folder } = read(t, 'host,keyfile,firstboot\na,~/.ssh/id_rsa.pub keys/b.pub default,setup.sh\n');
  assert.deepEqual(nodes, [
    {
      hostname: 'a',
      sshkey: ['~/.ssh/id_rsa.pub', `${folder}/keys/b.pub`, 'default'],
      firstboot: `${folder}/setup.sh`,
    },
  ]);
});

test('columns that tell people something are passed over; services and tags that ask for something are told of once', (t) => {
  const text = `host,cluster,service,services,tag,owners,comment,description,status,network
red,c,manager,bridge,latest-full,"a, b",x,y,inactive,internal
red1,c,worker,wifi,latest-lite,,,,,
`;
  const { nodes, warnings } = read(t, text);
  assert.deepEqual(nodes, [{ hostname: 'red' }, { hostname: 'red1' }]);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /^n\.csv:2: services \(bridge\) is not used/);
  assert.match(warnings[1] ?? '', /^n\.csv:2: tag \(latest-full\) is not used/);
});

const badCsv: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /^n\.csv is empty/],
  ['# nothing\n', /^n\.csv has no header/],
  ['host,ip\n', /^n\.csv has no nodes in it/],
  ['ip,user\n10.1.1.1,pi\n', /^n\.csv:1: there is no column for host names, only ip, user/],
  ['host,gatway\na,b\n', /^n\.csv:1: 'gatway' is no column that is known; did you mean gateway\?/],
  ['host,password\na,b\n', /did you mean passwd\?/],
  ['host,xyzzyplugh\na,b\n', /^n\.csv:1: 'xyzzyplugh' is no column that is known$/],
  ['host,image\na,b\n', /^n\.csv:1: image is the same for all nodes, and no column/],
  ['host,hostname\na,b\n', /^n\.csv:1: hostname and host are the same column/],
  ['host,IP,ipaddr\na,1,2\n', /^n\.csv:1: ipaddr and IP are the same column/],
  ['host,,ip\na,,b\n', /^n\.csv:1: column 2 has no name/],
  ['# x\nhost,ip,user\na,10.1.1.1\n', /^n\.csv:3: this row has 2 cells, and the header 3/],
  ['host,ip\na,10.1.1.1,pi\n', /^n\.csv:2: this row has 3 cells, and the header 2/],
  ['host,ip\n,10.1.1.1\n', /^n\.csv:2: this row has no host name/],
  ['host,hidden\na,maybe\n', /^n\.csv:2: hidden must be yes or no, not 'maybe'/],
  ['host,ssid\na,"x\ny"\n', /^n\.csv:2: there is a line break or another control character in ssid/],
  ['host,dns\na,"; "\n', /^n\.csv:2: dns is empty/],
  ['host,ip\na[1-3],10.1.1.[2-3]\n', /^n\.csv:2: ip: 2 addresses for 3 host names/],
  ['host,ip\na[3-1],10.1.1.1\n', /^n\.csv:2: host: the range '3-1' runs backwards/],
  ['host,ip\na,10.1.1.1\nb,10.1.1.2\nA,10.1.1.3\n', /^n\.csv:4: host: the host name 'A' is that in n\.csv:2: host too/],
  ['host,ip\na,10.1.1.1\n\nb,10.1.1.1/16\n', /^n\.csv:4: ip: the address .* of b is that of a in n\.csv:2: ip too/],
  ['host,ip6addr\na,fd00::1\nb,fd00:0::1\n', /^n\.csv:3: ip6addr: the address .* n\.csv:2: ip6addr too/],
];

for (const [text, message] of badCsv)
  test(`${JSON.stringify(text)} is refused: ${message.source}`, (t) => assert.match(messageOf(t, text), message));

test('separators behind the last column, as spreadsheets write them, do not matter', (t) =>
  assert.deepEqual(read(t, 'host,ip,,\na,10.1.1.1,,\n,,,\n').nodes, [{ hostname: 'a', ipaddr: '10.1.1.1' }]));

/** As cloudmesh-inventory 4.3 writes it for a manager and a worker. */
const cloudmesh = `red:
  cluster: ''
  comment: ''
  description: ''
  dns: null
  host: red
  ip: 10.1.1.1
  keyfile: ~/.ssh/id_rsa.pub
  locale: us
  owners: ''
  router: null
  service: manager
  services:
  - bridge
  - wifi
  status: inactive
  tag: latest-lite
  timezone: America/Indiana/Indianapolis
red01:
  dns:
  - 8.8.8.8
  - 8.8.4.4
  host: red01
  ip: 10.1.1.2
  locale: en_US.UTF-8
  network: internal
  router: 10.1.1.1
  service: worker
  services: None
  tag: ''
`;

test("cloudmesh's inventory becomes nodes", (t) => {
  const { nodes, lines, warnings } = read(t, cloudmesh, 'n.yaml');
  assert.deepEqual(nodes, [
    {
      hostname: 'red',
      ipaddr: '10.1.1.1',
      sshkey: ['~/.ssh/id_rsa.pub'],
      timezone: 'America/Indiana/Indianapolis',
    },
    {
      hostname: 'red01',
      ipaddr: '10.1.1.2',
      dns: ['8.8.8.8', '8.8.4.4'],
      gateway: '10.1.1.1',
      locale: 'en_US.UTF-8',
    },
  ]);
  assert.deepEqual(lines, [1, 19]);
  assert.deepEqual(warnings, [
    'n.yaml:9: locale (us) is a country and not used; a locale is en_US.UTF-8',
    'n.yaml:1: services (bridge, wifi) is not used: burning sets up no services',
    'n.yaml:1: tag (latest-lite) is not used: all cards get the image of --image',
  ]);
});

test('a file without a telling name is read as what it looks like', (t) => {
  assert.equal(read(t, cloudmesh, 'inventory').nodes.length, 2);
  assert.equal(read(t, '# x\n---\nred: {ip: 10.1.1.1}\n', 'inventory').nodes.length, 1);
  assert.equal(read(t, 'host,ip\nred,10.1.1.1\n', 'inventory').nodes.length, 1);
});

test('hosts called on, 0123x and 1e3 are called that', (t) =>
  assert.deepEqual(
    read(t, 'on: {ip: 10.1.1.1}\n0123x: {}\n1e3: {host: 1e3}\n', 'n.yaml').nodes.map(({ hostname }) => hostname),
    ['on', '0123x', '1e3'],
  ));

const badYaml: readonly (readonly [text: string, message: RegExp])[] = [
  ['- a\n', /^n\.yaml:1: this is no mapping/],
  ['# x\n', /^n\.yaml is empty/],
  ['red: 10.1.1.1\n', /^n\.yaml:1: red is no host with columns/],
  ['image: x\nnodes: []\n', /^n\.yaml:1: image is no host/],
  ['red:\n  ip: 10.1.1.1\n  colour: blue\n', /^n\.yaml:3: 'colour' is no column that is known/],
  ['red:\n  host: blue\n', /^n\.yaml:2: the host red is called differently here/],
  ['red:\n  ip: {a: b}\n', /^n\.yaml:2: ip must be a value or a list/],
  ['red:\n  router: [a, b]\n', /^n\.yaml:2: router must be one value/],
  ['red:\n  router: a\n  gateway: b\n', /^n\.yaml:3: gateway and router are the same column/],
  ['red: {ip: 10.1.1.1}\nred: {ip: 10.1.1.2}\n', /^n\.yaml:2: red is there twice, first in line 1/],
  [
    'red: {ip: 10.1.1.1}\nblue: {ip: 10.1.1.1}\n',
    /^n\.yaml:2: ip: the address .* of blue is that of red in n\.yaml:1: ip/,
  ],
  ['red:\n\tip: 10.1.1.1\n', /^n\.yaml:2: a line is indented with a tab/],
];

for (const [text, message] of badYaml)
  test(`${JSON.stringify(text)} is refused: ${message.source}`, (t) =>
    assert.match(messageOf(t, text, 'n.yaml'), message));

test('passwords in a file that others can read are warned of', (t) => {
  const { warnings } = read(t, 'host,passwd\na,random\nb,hunter2\n', 'n.csv', 0o644);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^n\.csv:3: passwd is a secret.*chmod 600/);
  assert.doesNotMatch(warnings[0] ?? '', /hunter2/);
});
