// `piburn bench` as a person calls it, on files that stand in for cards: good ones, one that breaks, one that lies.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sax from 'sax';
import type { BenchResult } from '../../src/protocol/bench.js';
import { isRoot, loopDevice, mounted, scratchFolder } from '../native/scratch.js';
import { programPath } from '../program.js';
import { isBlank, isUntouched, makeUsedCard } from '../shim/card-files.js';
import { type Ended, FaultBench, until } from '../shim/faulty-run.js';

const MiB = 1024 * 1024;
const quick = ['--size=8M', '--seconds=0.02'];
const nobody = 65534;

const faults = new FaultBench();
after(() => faults.remove());

/** `isPlain`: as a user who may do nothing special. */
function piburn(args: readonly string[], cwd: string, isPlain = false) {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', HOME: cwd };
  const user = isPlain && isRoot ? { uid: nobody, gid: nobody } : {};
  const run = spawnSync(process.execPath, [programPath, 'bench', ...args], { cwd, env, encoding: 'utf8', ...user });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

function card(folder: string, name: string, sizeBytes = 16 * MiB): string {
  const path = join(folder, name);
  makeUsedCard(path, sizeBytes);
  return path;
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The one object that a run with --json prints. */
function resultOf({ events, text }: Ended): BenchResult & { readonly type: string; readonly sentences: string[] } {
  const [only, ...others] = events as unknown as (BenchResult & { type: string; sentences: string[] })[];
  assert.ok(only !== undefined && others.length === 0, text);
  return only;
}

test('three files that are not there are made, measured by a plain user, and gone again', (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o777);
  const access = spawnSync(process.execPath, ['--check', programPath], isRoot ? { uid: nobody, gid: nobody } : {});
  if (access.status !== 0) return t.skip('a plain user cannot read this tree');
  const { code, stdout, stderr } = piburn(['--device=cards/[a-c].img', ...quick], folder, true);
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').map((line) => line.trim().replace(/ {2,}.*/, ''));
  for (const row of ['cards/a.img alone', 'cards/c.img alone', '2 together', '3 together'])
    assert.ok(lines.includes(row), `${row}\n${stdout}`);
  assert.match(stdout, /cards\/a\.img, blocks of 64K/);
  assert.match(stdout, /limit[\s\S]*--blocksize=/);
  assert.doesNotMatch(stdout, /content is gone/);
  assert.deepEqual(readdirSync(folder), []);
});

test('files that are there are measured after the question only, and are empty afterwards', (t) => {
  const folder = scratchFolder(t);
  const paths = ['a.img', 'b.img'].map((name) => card(folder, name));
  const asked = piburn(['--device=[a-b].img', ...quick], folder);
  assert.equal(asked.code, 3, asked.stderr);
  assert.match(asked.stderr, /not answered with yes[\s\S]*--yes/);
  assert.ok(paths.every(isUntouched));
  const { code, stdout, stderr } = piburn(['--device=[a-b].img,new.img', '--yes', ...quick], folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^a\.img and b\.img have no partition table now, and their content is gone\.$/m);
  assert.ok(paths.every((path) => readFileSync(path).every((byte) => byte === 0)));
  assert.deepEqual(readdirSync(folder).sort(), ['a.img', 'b.img'], 'the new one is gone');
});

test('reading leaves every byte as it was, also where nothing may be written', (t) => {
  const folder = scratchFolder(t);
  const path = card(folder, 'a.img');
  chmodSync(path, 0o444);
  const before = digest(path);
  const { code, stdout, stderr } = piburn(['--device=a.img', '--read', '--json', ...quick], folder);
  assert.equal(code, 0, stderr);
  const result: BenchResult = JSON.parse(stdout);
  assert.equal(digest(path), before);
  assert.ok(result.readOnly && result.readers.every(({ touched }) => !touched));
  assert.ok(result.measures.length > 0 && result.measures.every(({ operation }) => operation === 'read'));
  const absent = piburn(['--device=absent.img', '--read'], folder);
  assert.deepEqual([absent.code, existsSync(join(folder, 'absent.img'))], [1, false]);
});

test('--json gives one object with every step, and --plot a picture that is XML', (t) => {
  const folder = scratchFolder(t);
  const { code, stdout, stderr } = piburn(['--device=[a-b].img', '--json', '--plot=p.svg', ...quick], folder);
  assert.equal(code, 0, stderr);
  const { version, type, readers, measures, verdict, interrupted, rangeBytes, sentences } = JSON.parse(stdout);
  assert.deepEqual([version, type, interrupted, rangeBytes], [1, 'bench', false, 8 * MiB]);
  assert.deepEqual(
    readers.map(({ path, kind, fresh }: BenchResult['readers'][number]) => ({ path, kind, fresh })),
    ['a.img', 'b.img'].map((path) => ({ path, kind: 'file', fresh: true })),
  );
  const whole: BenchResult['measures'] = measures;
  const parts = whole.map(({ part, operation }) => `${part} ${operation}`);
  assert.deepEqual(
    parts.filter((part) => !part.startsWith('buffered')),
    ['alone', 'alone', 'blocks', 'blocks', 'blocks', 'together'].flatMap((part) => [`${part} write`, `${part} read`]),
  );
  assert.ok(
    whole.every(({ bytesPerSecond, rates, failed }) => bytesPerSecond > 0 && rates.length > 0 && failed.length === 0),
  );
  assert.deepEqual(
    whole.at(-1)?.rates.map(({ reader }) => reader),
    [0, 1],
  );
  assert.ok(['cards', 'shared', 'cpu'].includes(verdict.limit) && verdict.readers === 2);
  assert.equal(sentences.length >= 2, true);
  assert.deepEqual(readdirSync(folder), ['p.svg'], 'the place was tried before, and nothing is left of that');
  const svg = readFileSync(join(folder, 'p.svg'), 'utf8');
  sax.parser(true).write(svg).close();
  assert.match(svg, /^<svg xmlns=[\s\S]*readers at once[\s\S]*<\/svg>\n$/);
});

test('what cannot be meant is told with the next step, and nothing is written', (t) => {
  const folder = scratchFolder(t);
  const path = card(folder, 'a.img');
  const cases: readonly (readonly [args: readonly string[], code: number, words: RegExp])[] = [
    [['--device=a.img', '--read', '--yes'], 2, /--read.*cannot be used with.*--yes/],
    [['--device=a.img', '--yes', '--size=1M'], 2, /--size: 1M is not between 8M and 64G/],
    [['--device=a.img', '--yes', '--seconds=0'], 2, /--seconds/],
    [['--device=a.img', '--yes', '--plot=no/such/p.svg'], 1, /p\.svg cannot be/],
    [['--device=a.img', '--yes', '--plot=/proc/p.svg'], 1, /p\.svg cannot be written \(E[A-Z]+\)/],
    [['--device=a.img,./a.img', '--yes'], 3, /is a\.img again/],
    [['--yes'], 2, /no card was named/],
  ];
  for (const [args, code, words] of cases) {
    const run = piburn(args, folder);
    assert.equal(run.code, code, `${args}: ${run.stderr}`);
    assert.match(run.stderr, words);
    assert.match(run.stderr, /^Next: /m);
  }
  writeFileSync(join(folder, 'small.img'), Buffer.alloc(8 * MiB));
  assert.equal(piburn(['--device=small.img', '--yes'], folder).code, 1);
  assert.ok(isUntouched(path));
});

test('a card that breaks is named and left out, and the others go on', { skip: faults.skip }, async () => {
  const paths = ['break-a', 'break-b', 'break-c'].map((name) => faults.card(name));
  for (const path of paths) makeUsedCard(path, 16 * MiB);
  // Two writes fill the range before anything is measured.
  const ended = await faults.run(['bench', `--device=${paths}`, ...quick], ['write path=break-b call=3 errno=EIO']);
  const { readers, measures, verdict } = resultOf(ended);
  assert.equal(ended.code, 1, ended.text);
  assert.deepEqual(
    readers.map(({ failure }) => failure?.code),
    [undefined, 'EIO', undefined],
  );
  assert.match(ended.text, /break-b\.img has a defect: pwrite at byte [0-9]+ gave EIO[\s\S]*Next: /);
  // Slow machines come to the third write later: a step that was broken off by it is told, and does not count.
  const together = measures
    .filter(({ part, failed }) => part === 'together' && failed.length === 0)
    .map(({ rates }) => rates.map(({ reader }) => reader));
  assert.deepEqual(together, [
    [0, 2],
    [0, 2],
  ]);
  assert.equal(verdict?.readers, 2);
  assert.ok(paths.every(isBlank), 'the broken one is wiped too');
});

test('a card that gives back something else than was written is told to lie', { skip: faults.skip }, async () => {
  const path = faults.card('liar');
  makeUsedCard(path, 16 * MiB);
  const ended = await faults.run(['bench', `--device=${path}`, ...quick], ['read path=liar at=5000000 flip=3']);
  const [reader] = resultOf(ended).readers;
  assert.equal(ended.code, 1);
  assert.equal(reader?.wrong?.firstBytes, Math.floor(5_000_000 / 4096) * 4096);
  assert.equal(reader?.failure, undefined, 'it is measured all the same');
});

test('Ctrl-C ends it in order: what was measured is told, the card is wiped, files are gone', {
  skip: faults.skip,
}, async () => {
  const [old, fresh] = [faults.card('old'), faults.card('fresh')];
  makeUsedCard(old, 80 * MiB);
  // 16 writes fill the range; the step that is measured would be as many slow ones.
  const slow = 'write path=old call=17 sleep=400';
  const run = faults.start(['bench', `--device=${old},${fresh}`, '--size=64M', '--seconds=60'], [slow]);
  await until('the first measured write', () => run.calls().length >= 1);
  run.signalAll('SIGINT');
  const ended = await run.ended;
  assert.equal(ended.code, 130, ended.text);
  assert.ok(ended.calls.length < 12, `not to the end of the step: ${ended.calls.length} writes`);
  const { interrupted, measures, readers } = resultOf(ended);
  assert.deepEqual([interrupted, measures], [true, []]);
  assert.deepEqual(
    readers.map(({ failure }) => failure),
    [undefined, undefined],
  );
  assert.ok(isBlank(old) && !existsSync(fresh));
  await run.allGone();
});

test('Ctrl-C while cards are closed loses neither the result nor a file that is to be removed', {
  skip: faults.skip,
}, async () => {
  const [old, fresh] = [faults.card('old-at-end'), faults.card('fresh-at-end')];
  makeUsedCard(old, 16 * MiB);
  // Both ends are wiped when it is opened; the third hole is what closing begins with.
  const slow = 'change path=old-at-end name=punch call=3 times=1 sleep=1500';
  const run = faults.start(['bench', `--device=${old},${fresh}`, ...quick], [slow]);
  await until('the end of the measures', () => run.calls().length >= 1);
  run.signalAll('SIGINT');
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  const { interrupted, measures } = resultOf(ended);
  assert.deepEqual([interrupted, measures.at(-1)?.rates.length], [false, 2], 'all was measured');
  assert.ok(isBlank(old) && !existsSync(fresh));
  await run.allGone();
});

test('a step in which the process was stopped is measured again', { skip: faults.skip }, async () => {
  const [path, stoppedMs] = [faults.card('stopped'), 2_000];
  makeUsedCard(path, 16 * MiB);
  // The first of those that are measured, or a later one.
  const run = faults.start(['bench', `--device=${path}`, ...quick], ['write path=stopped call=3 times=1 sleep=300']);
  await until('a measured write', () => run.calls().length >= 1);
  run.signalAll('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, stoppedMs));
  run.signalAll('SIGCONT');
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.text);
  const { measures } = resultOf(ended);
  assert.equal(measures.length, 10, 'each step counts once');
  assert.ok(
    measures.every(({ elapsedMs }) => elapsedMs < stoppedMs),
    'the time in which it was stopped is in none',
  );
});

test('a loop device is measured; mounted, it is refused, but may be read', (t) => {
  const folder = scratchFolder(t);
  const path = card(folder, 'a.img', 32 * MiB);
  const device = loopDevice(t, path);
  if (device === undefined) return;
  const free = piburn([`--device=${device}`, '--yes', '--json', ...quick], folder);
  assert.equal(free.code, 0, free.stderr);
  assert.deepEqual(JSON.parse(free.stdout).readers[0].direct, true);
  if (spawnSync('mkfs.ext4', ['-q', '-F', device]).status !== 0) return t.skip('needs mkfs.ext4');
  const place = scratchFolder(t);
  if (!mounted(t, place, [device])) return;
  const before = digest(path);
  const refused = piburn([`--device=${device}`, '--yes', ...quick], folder);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /is mounted at/);
  const read = piburn([`--device=${device}`, '--read', ...quick], folder);
  assert.equal(read.code, 0, read.stderr);
  assert.equal(digest(path), before);
});
