// Who may import whom, as data, and the import lines of every source file held against it: the tree is the pipeline,
// imports go one way, and there are two doors to the outside.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const sourceFolder = fileURLToPath(new URL('../../src/', import.meta.url));

interface Room {
  /** Rooms, folders or files below src/ that it may import besides itself. */
  readonly may: readonly string[];
  /** Packages and modules of Node that it may load; `node:*` is all of Node's. */
  readonly outside: readonly string[];
}

const vocabulary = ['protocol', 'errors', 'hostlist', 'address', 'ipv4-net', 'size-text', 'typed-amounts', 'given'];
const pure: Room = { may: vocabulary, outside: [] };

/** A file belongs to the room with the longest matching name. */
const rooms: Readonly<Record<string, Room>> = {
  ...Object.fromEntries(vocabulary.map((name) => [name, pure])),
  'code-root': { may: [], outside: [] },
  native: { may: [...vocabulary, 'code-root'], outside: ['node:module', 'node:url'] },
  exec: { may: vocabulary, outside: ['execa', 'node:stream'] },
  report: { ...pure, may: [...vocabulary, 'report/plot-svg'] },
  'report/plot-svg': { may: [...vocabulary, 'report'], outside: ['d3-scale', 'd3-shape'] },
  'report/bench-svg': { may: [...vocabulary, 'report'], outside: ['d3-scale', 'd3-shape'] },
  'image/allocation': pure,
  image: {
    may: [...vocabulary, 'code-root', 'native', 'exec', 'image/allocation'],
    outside: ['node:*', 'piscina', 'lzma-native', 'xxhash-addon', 'undici', 'yauzl', 'sax'],
  },
  'customise/flavours': {
    may: [...vocabulary, 'customise/settings-check'],
    outside: ['yaml', 'node:util', 'node:crypto'],
  },
  'customise/fat': { may: [...vocabulary, 'customise/overlay'], outside: [] },
  'customise/ext': { may: [...vocabulary, 'customise/overlay', 'image/allocation'], outside: [] },
  customise: {
    may: [
      ...vocabulary,
      'native',
      'exec',
      'image/allocation',
      'image/disk-image',
      'customise/flavours',
      'customise/fat',
      'customise/ext',
    ],
    outside: ['node:*', 'unixcrypt', 'ext2fs'],
  },
  card: { may: [...vocabulary, 'native', 'image/segment-table', 'image/digest'], outside: ['node:*'] },
  devices: { may: [...vocabulary, 'native', 'exec'], outside: ['node:*'] },
  records: { may: [...vocabulary, 'native'], outside: ['node:*'] },
  medium: { may: [...vocabulary, 'code-root', 'native', 'exec', 'devices'], outside: ['node:*', 'piscina'] },
  'bridge/plan': { may: vocabulary, outside: ['node:net'] },
  bridge: { may: [...vocabulary, 'code-root', 'native', 'exec', 'bridge/plan', 'network'], outside: ['node:*'] },
  network: { may: [...vocabulary, 'exec'], outside: ['node:*', 'sax'] },
  'burn/one-card': {
    may: [
      ...vocabulary,
      'native',
      'customise',
      'devices',
      'image/allocation',
      'image/disk-image',
      'image/sniff',
      'burn',
    ],
    outside: ['node:*'],
  },
  burn: {
    may: [...vocabulary, 'code-root', 'image', 'customise', 'card', 'devices', 'records', 'burn/one-card'],
    outside: ['node:*', 'piscina', 'yaml'],
  },
  index: { may: [...vocabulary, 'burn'], outside: [] },
  cli: {
    may: [
      ...vocabulary,
      'code-root',
      'index',
      'burn',
      'report',
      'image',
      'customise',
      'devices',
      'records',
      'medium',
      'bridge',
      'network',
      'native',
    ],
    outside: ['node:*', 'commander'],
  },
};

/** What breaks the table for a reason. */
const exceptions: readonly (readonly [file: string, imports: string, reason: string])[] = [];

/** Things that only the named places may touch, wherever they are imported or called. */
const reserved: readonly (readonly [what: string, pattern: RegExp, places: readonly string[]])[] = [
  ['the addon', /piburn\.node/, ['native']],
  ['execa', /'execa'/, ['exec']],
  ['child processes', /'(node:)?child_process'/, ['cli/supervisor']],
  ['argv, exit codes and the standard streams', /\bprocess\.(argv|exit|exitCode|std(in|out|err))\b/, ['cli']],
  ['the console', /\bconsole\./, []],
  ['the web', /'undici'/, ['image/fetch']],
  ['signals', /\bprocess\.on\(/, ['cli']],
  ['the environment', /\bprocess\.env\b/, ['cli', 'burn/burn', 'native', 'image/caller']],
];

const pureRooms = [
  ...vocabulary,
  'report',
  'bridge/plan',
  'image/allocation',
  'customise/flavours',
  'customise/fat',
  'customise/ext',
];
/** What a pure file has no use for. */
const impure = /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bfetch\(|\bset(Timeout|Interval|Immediate)\(/;

interface SourceFile {
  /** Its path below src/, without the suffix. */
  readonly name: string;
  readonly room: string;
  readonly text: string;
  /** Names of files of ours. */
  readonly ours: readonly string[];
  /** Names of files of ours that are loaded, and not only looked at for their types. */
  readonly loaded: readonly string[];
  readonly packages: readonly string[];
}

const importLine = /^(?:import|export)\s(?:(type)\s)?[^;'"]*?\bfrom\s+'([^']+)'/gm;
const otherImports = /\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'|createRequire\([^)]*\)\(\s*'([^']+)'/gm;

const isIn = (name: string, place: string): boolean => name === place || name.startsWith(`${place}/`);

const sources: readonly SourceFile[] = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readSource(path.replace(/\.ts$/, '')));

function readSource(name: string): SourceFile {
  const text = readFileSync(join(sourceFolder, `${name}.ts`), 'utf8').replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
  const imports = [
    ...[...text.matchAll(importLine)].map(([, type, from = '']) => ({ from, isLoaded: type === undefined })),
    ...[...text.matchAll(otherImports)].map(([, ...from]) => ({ from: from.find(Boolean) ?? '', isLoaded: true })),
  ];
  const isOurs = ({ from }: { readonly from: string }) => from.startsWith('.');
  const nameOf = ({ from }: { readonly from: string }) => posix.join(posix.dirname(name), from).replace(/\.js$/, '');
  return {
    name,
    room: roomOf(name),
    text,
    ours: imports.filter(isOurs).map(nameOf),
    loaded: imports.filter((each) => isOurs(each) && each.isLoaded).map(nameOf),
    packages: imports.filter((each) => !isOurs(each)).map(({ from }) => from),
  };
}

function roomOf(name: string): string {
  const matching = Object.keys(rooms).filter((room) => isIn(name, room));
  return matching.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

test('every source file stands in a room, and every room has a file', () => {
  assert.ok(sources.length > 60, 'the sources were found');
  assert.deepEqual(
    sources.filter(({ room }) => room === '').map(({ name }) => name),
    [],
  );
  const empty = Object.keys(rooms).filter((room) => !sources.some((source) => source.room === room));
  assert.deepEqual(empty, []);
});

test('every import line is seen', () => {
  for (const { name, text, ours, packages } of sources) {
    const lines =
      text.match(/^(import|export)\b.*\bfrom '|^\} from '|^import '|\bimport\('|createRequire\([^)]*\)\('/gm) ?? [];
    assert.equal(ours.length + packages.length, lines.length, name);
  }
});

test('a room imports only what the table allows', () => {
  const wrong = sources.flatMap(({ name, room, ours }) => {
    const may = rooms[room]?.may ?? [];
    return ours
      .filter((other) => roomOf(other) !== room && !may.some((place) => isIn(other, place)))
      .filter((other) => !exceptions.some(([file, imports]) => file === name && imports === other))
      .map((other) => `${name} imports ${other}`);
  });
  assert.deepEqual(wrong, []);
});

test('an exception that is not needed any more is gone', () => {
  const needless = exceptions.filter(
    ([file, imports]) => !sources.find(({ name }) => name === file)?.ours.includes(imports),
  );
  assert.deepEqual(needless, []);
});

test('a room loads only the packages that the table allows', () => {
  const wrong = sources.flatMap(({ name, room, packages }) => {
    const outside = rooms[room]?.outside ?? [];
    return packages
      .filter((other) => !outside.includes(other) && !(other.startsWith('node:') && outside.includes('node:*')))
      .map((other) => `${name} loads ${other}`);
  });
  assert.deepEqual(wrong, []);
});

test('what is reserved for one place is touched nowhere else', () => {
  const wrong = reserved.flatMap(([what, pattern, places]) =>
    sources
      .filter(({ name, text }) => pattern.test(text) && !places.some((place) => isIn(name, place)))
      .map(({ name }) => `${name} touches ${what}`),
  );
  assert.deepEqual(wrong, []);
});

test('a pure room looks at no clock, environment, network or process', () => {
  const wrong = sources.filter(({ room, text }) => pureRooms.includes(room) && impure.test(text));
  assert.deepEqual(
    wrong.map(({ name }) => name),
    [],
  );
});

test('no files import each other in a circle', () => {
  for (const edges of ['loaded', 'ours'] as const) assert.deepEqual(circles(edges), [], edges);
});

/** Circles of imports, each as the files that it goes through. */
function circles(edges: 'loaded' | 'ours'): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) found.push([...path.slice(path.indexOf(name)), name].join(' → '));
    if (path.includes(name) || done.has(name)) return;
    for (const next of sources.find((source) => source.name === name)?.[edges] ?? []) walk(next, [...path, name]);
    done.add(name);
  };
  for (const { name } of sources) walk(name, []);
  return found;
}
