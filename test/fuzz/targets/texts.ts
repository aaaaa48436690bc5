// Texts that others write: lists, bmaps, leases, what lsblk, nmap, ip and nft print, config files, inventories, and the
// settings on a card.

import assert from 'node:assert/strict';
import { parseHistory } from '../../../src/bridge/use/lease-history.js';
import { parseLeases } from '../../../src/bridge/use/leases.js';
import { hasForeignForward, parseRuleset } from '../../../src/bridge/use/nft-ruleset.js';
import { cellsOfCsv } from '../../../src/burn/config/inventory-csv.js';
import { cellsOfYaml } from '../../../src/burn/config/inventory-yaml.js';
import type { Source } from '../../../src/burn/config/text-file.js';
import { detectFlavour } from '../../../src/customise/detect.js';
import { readBootSettings } from '../../../src/customise/read-back/boot-settings.js';
import { readSystem } from '../../../src/devices/describe.js';
import { diskRows } from '../../../src/devices/rows.js';
import { expandHostlist } from '../../../src/hostlist.js';
import { parseBmap } from '../../../src/image/bmap/parse.js';
import { findInCatalog } from '../../../src/image/catalog/names.js';
import { parseOsList } from '../../../src/image/catalog/os-list.js';
import { parseAnswer } from '../../../src/network/dns-message.js';
import { parseDefaultRoutes, parseLinks, parseNeighbours } from '../../../src/network/ip-json.js';
import { parseNmap } from '../../../src/network/nmap-xml.js';
import { load, recorded } from '../../devices/recorded.js';
import { assertPlain, attempt, attemptAsync } from './judge.js';
import type { Target } from './target.js';

const text = (name: string, words: readonly string[], run: (text: string) => void | Promise<void>): Target => ({
  name,
  isText: true,
  words,
  run: (bytes) => run(bytes.toString('utf8')),
});

const jsonWords = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  '{}',
  '[]',
  '"\\u001b[31m"',
  '1e999',
  '-1',
  '"__proto__":',
];
const yamlWords = [
  '- ',
  ': ',
  '\n  ',
  '"',
  "'",
  '&a ',
  '*a',
  '!!str ',
  '<<: ',
  '|',
  '>',
  '---\n',
  '\t',
  '# ',
  '{',
  '[',
];
const xmlWords = ['<', '>', '/', '="', '<!--', ']]>', '&amp;', '&#0;', '<!DOCTYPE a [<!ENTITY b "c">]>', '&b;'];

export const textTargets: readonly Target[] = [
  text('hostlist', ['[', ']', ',', '-', '001', '[1-99999999]', '[a-z]', '.local'], hostlist),
  text('oslist', [...jsonWords, '"url":', '"subitems":', '"os_list":', 'http://a/'], osList),
  text('bmap', [...xmlWords, '<Range>', '</Range>', ' 1-9 ', '99999999999999'], (xml) => {
    attempt(() => parseBmap(xml, 'image.bmap'));
  }),
  text('config', [...yamlWords, 'hostname: ', 'nodes:', 'red[1-9]'], config),
  text('inventory', [',', ';', '\t', '"', '""', '\n', '#', 'host', 'red[001-003]'], (csv) => {
    attempt(() => cellsOfCsv(csv, source));
  }),
  text('leases', ['0', '*', ' ', '\n', 'duid ', '01:', '10.1.1.2', '999999999999'], leases),
  text('lsblk', [...jsonWords, '"label":', '"kname":', '"model":'], lsblk),
  text('nmap', [...xmlWords, '<host>', '</host>', '<address ', '<hostname '], nmap),
  text('ipjson', [...jsonWords, '"ifname":', '"address":'], ipJson),
  text('nft', [...jsonWords, '"chain":', '"table":', '"rule":', '"set":'], (json) => {
    parseRuleset(json);
    hasForeignForward(json);
  }),
  text('card', [...yamlWords, 'hostname: ', 'runcmd:', 'wifis:', '\0user-data\n', '\0firstrun.sh\n', "'\\''"], card),
  { name: 'dns', isText: true, words: ['\xc0\x0c', '\x00', '\x3f'], run: (bytes) => void parseAnswer(bytes) },
];

const source: Source = { file: 'file', option: '--inventory' };

function hostlist(pattern: string): void {
  const items = attempt(() => expandHostlist(pattern, '--hostname'));
  if (items === undefined) return;
  assert.ok(items.length <= 100_000);
  assert.equal(new Set(items).size, items.length);
}

function osList(json: string): void {
  const list = attempt(() => parseOsList(json, 'https://example.org/list.json'));
  if (list === undefined) return;
  for (const { name, description, tag, path, url } of list.entries) {
    for (const word of [name, description, tag, url, ...path]) assertPlain(word);
  }
  for (const trouble of list.troubles) assertPlain(trouble);
  const about = { source: 'https://example.org/list.json', fetchedAt: '2026-06-20T00:00:00.000Z' };
  for (const word of ['latest-lite', 'raspios']) attempt(() => findInCatalog({ ...list, ...about }, word));
}

function config(yaml: string): void {
  attempt(() => cellsOfYaml(yaml, source));
}

function leases(lines: string): void {
  for (const { mac, address } of parseLeases(lines, 0)) assertPlain(`${mac} ${address}`);
  parseHistory(lines);
}

const machine = recorded(load('pi-with-hub'));

async function lsblk(json: string): Promise<void> {
  const facts = await attemptAsync(() => readSystem({ ...machine, lsblk: async () => json }));
  if (facts === undefined) return;
  for (const { title, vendor, model, label, fileSystem, tableKind } of facts.devices.values()) {
    for (const word of [title, vendor, model, label, fileSystem, tableKind]) assertPlain(word);
  }
  attempt(() =>
    diskRows(facts, { slots: [] }, { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false }),
  );
}

function nmap(xml: string): void {
  for (const { address, latencyMs = 0 } of parseNmap(xml).hosts) assertPlain(`${address} ${latencyMs}`);
}

function ipJson(json: string): void {
  parseLinks(json);
  parseNeighbours(json);
  parseDefaultRoutes(json, 'ipv4');
  parseDefaultRoutes(json, 'ipv6');
}

/** Files after each other, each behind a NUL and a line with its path. */
function card(all: string): void {
  const files = new Map(
    all.split('\0').map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, Math.max(0, end)), part.slice(end + 1)] as const;
    }),
  );
  const has = (path: string) => files.has(path);
  const view = {
    label: 'bootfs',
    bootPartitionBytes: 512 * 1024 * 1024,
    read: (path: string) => files.get(path),
    readFile: (path: string) => (has(path) ? Buffer.from(files.get(path) ?? '') : undefined),
    exists: has,
    stat: (path: string) => (has(path) ? { name: path, kind: 'file' as const, sizeBytes: 1 } : undefined),
    list: () => [...files.keys()].sort(),
  };
  const how = attempt(() => detectFlavour(view));
  if (how === undefined) return;
  for (const flavour of ['cloudinit', 'ubuntu', 'firstrun', 'legacy'] as const) {
    attempt(() => readBootSettings(view, { ...how, flavour }));
  }
}
