// One card in words: facts, listings and changes, harmless whatever is on the card.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CardChange, CardFacts } from '../../src/protocol.js';
import { renderCard, renderChange, renderDifferences, renderEntries } from '../../src/report/card-text.js';

const facts: CardFacts = {
  target: 'card.img',
  kind: 'file',
  flavour: 'cloudinit',
  flavourReason: 'it has user-data',
  origin: 'piburn',
  foreignFiles: [],
  burned: { burnId: '20260915T120000-ab12cd', at: '2026-09-15T12:00:00Z' },
  waiting: true,
  hostname: 'red001',
  interface: 'eth0',
  addresses: ['10.1.1.2/24'],
  dns: [],
  search: [],
  user: 'ann',
  password: 'locked',
  keys: [{ type: 'ssh-ed25519', fingerprint: 'SHA256:abc', comment: 'ann@laptop' }],
  wifi: { ssid: 'My Net', hidden: true, secured: false },
  clusterHosts: 2,
  firstboot: true,
  notes: ['its root was not unmounted'],
};

test('every fact has a line, and what is not known has none', () => {
  assert.equal(
    renderCard(facts),
    `Card        card.img
System      not known
Flavour     cloudinit: it has user-data
Settings    by piburn on 2026-09-15 at 12:00 UTC (burn 20260915T120000-ab12cd), to be taken at the next start
Host name   red001
Address     10.1.1.2/24 on eth0
User        ann, password locked
Keys        SHA256:abc ann@laptop (ssh-ed25519)
Wi-Fi       'My Net', open, hidden
Hosts       2 other hosts of the cluster
First boot  runs a script of --firstboot
Note        its root was not unmounted.`,
  );
  const others: CardFacts = { ...facts, origin: 'others', foreignFiles: ['user-data'], addresses: [], waiting: false };
  assert.match(renderCard(others), /changed since \(user-data\)\nHost name {3}red001\nAddress {5}by DHCP/);
});

test('names on a card cannot move the cursor or break a line', () => {
  const nasty = 'a\x1b[2Jb\nc\u202ed';
  const texts = [
    renderCard({ ...facts, hostname: nasty, keys: [{ type: 'x', fingerprint: 'y', comment: nasty }] }),
    renderEntries([{ name: nasty, kind: 'symlink', sizeBytes: 1, target: nasty }], true),
    renderDifferences([{ what: 'host name', expected: nasty, found: nasty }], nasty),
    renderChange({ ...change, files: [{ path: 'x', text: nasty }] }),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  for (const text of texts) assert.doesNotMatch(text, /\x1b|\u202e|^c/m);
});

const change: CardChange = {
  target: 'card.img',
  kind: 'file',
  flavour: 'cloudinit',
  dryRun: true,
  summary: ['host name: a -> b'],
  files: [{ path: 'meta-data', text: 'x: 1\n' }],
  writtenBytes: 512,
  notes: ['it starts'],
};

test('a dry run shows the files, a change names them, and nothing to do is said', () => {
  assert.equal(
    renderChange(change),
    'host name: a -> b\nmeta-data:\n    x: 1\nnote: it starts.\nNothing was written to card.img: this is a dry run. 512 B would be.',
  );
  const done = renderChange({ ...change, dryRun: false });
  assert.match(done, /wrote meta-data\n/);
  assert.match(done, /card\.img is changed: 512 B written and read back\.$/);
  assert.match(renderChange({ ...change, files: [] }), /Nothing is to be changed on card\.img\.$/);
});

test('a long listing has modes as ls writes them', () => {
  const entries = [
    {
      name: 'tmp',
      kind: 'directory',
      sizeBytes: 4096,
      mode: 0o1777,
      uid: 0,
      gid: 0,
      modifiedAt: '2026-01-02T03:04:05Z',
    },
    { name: 'su', kind: 'file', sizeBytes: 12, mode: 0o4755, uid: 1000, gid: 7, modifiedAt: '2026-01-02T03:04:05Z' },
  ] as const;
  assert.equal(
    renderEntries(entries, true),
    'drwxrwxrwt 0:0    4096 2026-01-02 03:04 tmp/\n-rwsr-xr-x 1000:7   12 2026-01-02 03:04 su',
  );
  assert.equal(renderEntries(entries, false), 'tmp/\nsu');
});
