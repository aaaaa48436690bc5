// How a run ends where something else than a card goes wrong: a report that cannot be written, files for the cluster that
// cannot, a stop before the first card. Good cards stay good, passwords are kept, and `piburn status` knows the end.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openReport } from '../../src/cli/report-file.js';
import { programPath } from '../program.js';
import { isUntouched, makeUsedCard } from '../shim/card-files.js';
import { type Ended, FaultBench, summaryOf, until } from '../shim/faulty-run.js';
import { processesWith } from './at-terminal.js';

const bench = new FaultBench();
const { skip } = bench;
const names = ['a', 'b'] as const;
const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const create = ['create', `--image=${piImage}`, '--device=cards/[a-b].img', '--hostname=red[001-002]'];
const reports = join(bench.directory, 'reports');
const report = join(reports, 'cards.json');
const random = [...create, '--passwd=random', `--report=${report}`];
/** The draft is written once when it is opened, once before the burn, and once for each card. */
const fullFrom = (call: number) => [`write path=cards.json.partial call=${call} errno=ENOSPC`];

beforeEach(() => {
  rmSync(join(bench.store, 'runs'), { recursive: true, force: true });
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  for (const name of names) makeUsedCard(bench.card(name), 192 * 1024 * 1024);
});
after(() => {
  for (const { pid } of processesWith(bench.directory)) if (pid !== process.pid) process.kill(pid, 'SIGKILL');
  bench.remove();
});

const piburn = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, PIBURN_STORE: bench.store };
    execFile(process.execPath, [programPath, ...args], { cwd: bench.directory, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

async function status(): Promise<Record<string, unknown>> {
  const { runs } = JSON.parse((await piburn('status', '--json')).stdout) as { runs: Record<string, unknown>[] };
  return runs[0] ?? {};
}

async function checkOver(ended: Ended, exitCode: number): Promise<void> {
  assert.equal(ended.code, exitCode, ended.text);
  const seen = await status();
  assert.deepEqual([seen['how'], seen['exitCode']], ['over', exitCode]);
}

const count = (text: string, words: RegExp): number => text.match(new RegExp(words.source, 'g'))?.length ?? 0;

describe('a report with passwords that were made up', () => {
  test('on a disk that becomes full: the burn goes on, and the draft keeps them all', { skip }, async () => {
    const foreign = join(bench.directory, 'inventory');
    writeFileSync(foreign, 'mine\n');
    const ended = await bench.run([...random, `--ansible=${foreign}`], fullFrom(3));
    await checkOver(ended, 1);
    assert.equal(summaryOf(ended).good, 2);
    assert.equal(count(ended.text, /warning: the draft of the report .*the disk is full/), 1, ended.text);
    assert.match(ended.text, /2 good in[\s\S]*the report \S+ cannot be written \(the disk is full: ENOSPC\)\./);
    assert.match(ended.text, /piburn did not make it/, 'the next step was tried all the same');
    const [, draft = ''] = /Next: Keep (\S+):/i.exec(ended.text) ?? [];
    assert.deepEqual(readdirSync(reports), [draft.slice(reports.length + 1)], ended.text);
    assert.equal(statSync(draft).mode & 0o777, 0o600);
    const { passwords } = JSON.parse(readFileSync(draft, 'utf8')) as { passwords: Record<string, string> };
    assert.deepEqual(Object.keys(passwords), ['red001', 'red002']);
    for (const password of Object.values(passwords)) {
      assert.ok(password.length >= 16);
      assert.ok(!ended.text.includes(password) && !JSON.stringify(ended.events).includes(password));
    }
  });

  test('whose first draft does not fit: no card is begun', { skip }, async () => {
    for (const [call, code] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const ended = await bench.run(random, fullFrom(call));
      assert.equal(ended.code, code, ended.text);
      assert.match(ended.text, /cards\.json cannot be written \(the disk is full: ENOSPC\)/);
      assert.deepEqual(readdirSync(reports), []);
      assert.ok(names.every((name) => isUntouched(bench.card(name))));
    }
  });

  test('whose directory goes away: it is said whose passwords are lost', { skip }, async () => {
    const run = bench.start(random, ['write path=cards/ sleep=20']);
    await until('cards being written', () => names.some((name) => !isUntouched(bench.card(name))));
    rmSync(reports, { recursive: true });
    const ended = await run.ended;
    await checkOver(ended, 1);
    assert.match(ended.text, /its directory is not there: ENOENT\), and the passwords .* red001, red002 are lost\./);
    assert.ok(!existsSync(reports));
  });

  test('is whole although every write takes little of it', { skip }, async () => {
    const ended = await bench.run(random, ['write path=cards.json.partial short=100']);
    assert.equal(ended.code, 0, ended.text);
    const { cards } = JSON.parse(readFileSync(report, 'utf8')) as { cards: { password: string }[] };
    assert.ok(cards.length === 2 && cards.every(({ password }) => password.length >= 16));
    assert.deepEqual(readdirSync(reports), ['cards.json']);
  });
});

test('a device is no report', () => {
  assert.throws(() => openReport('/dev/null'), /\/dev\/null cannot be written \(it is there, and no regular file\)/);
  assert.ok(!statSync('/dev/null').isFile());
});

describe('a stop before the first card', () => {
  const slowImage = [`write path=${bench.store}/images sleep=300`];
  const isReading = () => existsSync(join(bench.store, 'images'));
  beforeEach(() => rmSync(join(bench.store, 'images'), { recursive: true, force: true }));

  test('is a stop: `piburn stop` says that no card was begun', { skip }, async () => {
    const run = bench.start(create, slowImage);
    await until('the image being read', () => run.events().some(({ type }) => type === 'image'));
    const stopped = await piburn('stop');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.match(stopped.stdout, /is stopped: no card had been begun/);
    assert.equal((await run.ended).code, 130);
    assert.deepEqual(await status(), {});
  });

  test('of a run whose terminal has left is remembered, with its log', { skip }, async () => {
    const run = bench.start([...create, '--background'], slowImage);
    await until('the image being read', isReading);
    process.kill(run.pid, 'SIGHUP');
    await run.ended;
    await until('the run', () => readdirSync(join(bench.store, 'runs')).some((name) => name.endsWith('.live')));
    const stopped = await piburn('stop');
    assert.equal(stopped.code, 0, stopped.stderr);
    const { how, exitCode, log } = await status();
    assert.deepEqual([how, exitCode], ['over', 130]);
    await until('the words', () => /was interrupted/.test(readFileSync(String(log), 'utf8')));
    assert.ok(names.every((name) => isUntouched(bench.card(name))));
  });
});
