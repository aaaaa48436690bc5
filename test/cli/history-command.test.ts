// `piburn history` over a history that was written before.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { BurnRecord } from '../../src/protocol.js';
import { appendRecord } from '../../src/records/history.js';
import { scratchFolder } from '../native/scratch.js';
import { record } from '../records/samples.js';

const urlOf = (name: string): string => new URL(`../../src/${name}.js`, import.meta.url).href;

/** The command by itself, as the program has it. */
const driver = `
  import { Command } from 'commander';
  const { addHistoryCommand } = await import('${urlOf('cli/history-command')}');
  const { Terminal } = await import('${urlOf('cli/terminal')}');
  const { toFailure } = await import('${urlOf('errors')}');
  const program = new Command('piburn').exitOverride();
  addHistoryCommand(program, new Terminal(), ({ code }) => { process.exitCode = code; });
  try { await program.parseAsync(process.argv.slice(1), { from: 'user' }); }
  catch (error) { console.error(toFailure(error).code); process.exitCode = 9; }`;

function history(directory: string, ...args: readonly string[]): { code: number | null; out: string; err: string } {
  const all = ['--input-type=module', '-e', driver, '--', 'history', ...args];
  const ran = spawnSync(process.execPath, all, { encoding: 'utf8', env: { ...process.env, PIBURN_STORE: directory } });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

const card = 'mark:a1b2c3d4e5f60718293a4b5c6d7e8f90';
const burns: readonly BurnRecord[] = [
  { ...record, hostname: 'red001' },
  { ...record, hostname: 'red002', card, outcome: 'failed', code: 'VERIFY_MISMATCH', at: '2026-11-02T10:00:00.000Z' },
  { ...record, hostname: 'red003', card, outcome: 'failed', code: 'FAKE_CAPACITY', at: '2026-11-03T10:00:00.000Z' },
];

function withHistory(t: TestContext, records: readonly BurnRecord[] = burns): string {
  const directory = join(scratchFolder(t), 'store');
  for (const one of records) appendRecord({ directory }, one);
  return directory;
}

test('an empty history is a friendly sentence, and no error', (t) => {
  const { code, out } = history(withHistory(t, []));
  assert.deepEqual([code, out], [0, 'No card has been burned yet: the history begins with the next one.\n']);
});

test('the table has the burns, and below it the cards that failed more than once', (t) => {
  const { code, out, err } = history(withHistory(t));
  assert.deepEqual([code, err], [0, '']);
  const lines = out.trimEnd().split('\n');
  assert.match(lines[1] ?? '', /^2026-11-01 10:00 {2}red001 {2}slot 3 {2}00112233 /);
  assert.match(lines[3] ?? '', /red003 .* a1b2c3d4 .* failed: FAKE_CAPACITY /);
  assert.deepEqual(lines.slice(4), [
    '',
    'Cards that failed more than once:',
    '  a1b2c3d4  proved to be a fake that holds less than it says once (2026-11-03 as red003)',
    '  a1b2c3d4  failed verification once (2026-11-02 as red002)',
  ]);
});

test('options choose burns, for the table and for JSON', (t) => {
  const directory = withHistory(t);
  const nodes = (...args: readonly string[]) => {
    const { code, out } = history(directory, '--json', ...args);
    assert.equal(code, 0);
    const { version, type, records } = JSON.parse(out);
    assert.deepEqual([version, type], [1, 'history']);
    return records.map(({ hostname }: BurnRecord) => hostname);
  };
  assert.deepEqual(nodes(), ['red001', 'red002', 'red003']);
  assert.deepEqual(nodes('--card', 'a1b2c3d4'), ['red002', 'red003']);
  assert.deepEqual(nodes('--node=red[001-002]', '--failed'), ['red002']);
  assert.deepEqual(nodes('--last=1'), ['red003']);
  assert.deepEqual(nodes('--since=2026-11-02T10:00'), ['red002', 'red003']);
  assert.deepEqual(nodes('--since=2026-11-02T12:30+02:00'), ['red003']);
  assert.deepEqual(nodes('--since=2026-11-04'), []);
  assert.match(history(directory, '--last=1').out, /2 earlier burns not shown: say --last=3/);
  assert.match(history(directory, '--node=blue').out, /^None of the 3 burns .*\n$/);
});

test('JSON tells a record whole, as it was appended', (t) => {
  const { out } = history(withHistory(t), '--json', '--last=1');
  assert.deepEqual(JSON.parse(out), { version: 1, type: 'history', records: burns.slice(-1), damaged: 0 });
});

test('damaged lines are told of, beside the rest', (t) => {
  const directory = withHistory(t);
  appendFileSync(join(directory, 'history.jsonl'), '{"version":1,\n');
  const { code, out, err } = history(directory, '--json');
  assert.deepEqual([code, JSON.parse(out).damaged], [0, 1]);
  assert.match(err, /^note: 1 of the lines .* cannot be read/);
});

test('only the newest 50 are shown unless more are asked for', (t) => {
  const many = Array.from({ length: 53 }, (_, index) => ({ ...record, hostname: `red${index}` }));
  const { out } = history(withHistory(t, many));
  assert.match(out, /\n.* red3 (.*\n){50}\n3 earlier burns not shown: say --last=53\n$/);
  assert.doesNotMatch(out, / red2 /);
});

test('words that mean nothing are usage errors', (t) => {
  const directory = withHistory(t);
  for (const [arg, code] of [
    ['--last=0', 'COUNT'],
    ['--last=many', 'COUNT'],
    ['--since=yesterday', 'DATE'],
    ['--since=2026-02-31', 'DATE'],
    ['--since=2026-11-01T25:00', 'DATE'],
    ['--card=a1', 'CARD_SHORT'],
    ['--card=ffffffff', 'CARD_UNKNOWN'],
    ['--node=red[', 'HOSTLIST'],
  ] as const)
    assert.deepEqual(history(directory, arg), { code: 9, out: '', err: `${code}\n` }, arg);
});
