// A terminal that goes away, Ctrl-Z, a window made narrower, outputs that break, full disks: every burn ends in order or
// goes on, as it was asked to, and says so.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import type { BurnSummary } from '../../src/protocol.js';
import { programPath } from '../program.js';
import { differences, isBlank, isUntouched, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { cardOf, FaultBench, summaryOf, until } from '../shim/faulty-run.js';
import { type AtTerminal, atTerminal, noTerminal, processesWith, type Seen } from './at-terminal.js';

const bench = new FaultBench();
const { skip } = bench;
const onScreen = skip || noTerminal;
const names = ['a', 'b'] as const;
const image = join(bench.directory, 'small.img');
const burn = ['burn', 'small.img', 'cards/[a-b].img', '--blocksize=256K'];
const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const nodes = ['--device=cards/[a-b].img', '--hostname=red[001-002]'];
const create = ['create', `--image=${piImage}`, ...nodes, '--blocksize=256K'];
const slow = 'write path=cards/ sleep=60';
const secret = 'hush-hush-1';

before(() => {
  if (!skip) makeSmallImage(image, 6 * 1024 * 1024 + 512);
});
beforeEach(() => {
  // Nothing of the test before shall write here.
  for (const { pid } of ours()) process.kill(pid, 'SIGKILL');
  for (const name of names) makeUsedCard(bench.card(name), 192 * 1024 * 1024);
});
after(() => {
  for (const { pid } of ours()) process.kill(pid, 'SIGKILL');
  bench.remove();
});

/** Every process that works in the directory of this file. */
const ours = (): Seen[] => processesWith(bench.directory).filter(({ pid }) => pid !== process.pid);
const allGone = () => until('the end of every process', () => ours().length === 0);
const runs = (ending: string): string[] => {
  const folder = join(bench.store, 'runs');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
};
const readRun = (name: string): string => readFileSync(join(bench.store, 'runs', name), 'utf8');
const forget = () => rmSync(join(bench.store, 'runs'), { recursive: true, force: true });

/** As a shell takes them. */
const words = (list: readonly string[]): string => list.map((word) => `'${word}'`).join(' ');

/** The supervisor and the engine. */
const isBurning = ({ command }: Seen): boolean => /^piburn|main\.js/.test(command) && !command.includes('script');

/** The command at a terminal, under the shim. */
function typed(
  args: readonly string[],
  faults: readonly string[],
  env: Readonly<Record<string, string>> = {},
): AtTerminal {
  const command = words([process.execPath, programPath, ...args]);
  // The shim is meant for piburn alone.
  const rules = faults.length === 0 ? '' : `LD_PRELOAD='${bench.shim}' PIBURN_FAULTS='${faults.join(';')}' `;
  return atTerminal(`${rules}exec ${command}`, bench.directory, { PIBURN_STORE: bench.store, ...env });
}

const isBegun = (): boolean => names.every((name) => !isUntouched(bench.card(name)));
/** With the beginning of a disk, which is written last. */
const areSealed = (): boolean => names.every((name) => !isUntouched(bench.card(name)) && !isBlank(bench.card(name)));
const areGood = (): boolean => names.every((name) => differences(bench.card(name), image).length === 0);

async function status(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await piburn('status', '--json', ...args);
  const { runs: seen } = JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] };
  return seen[0] ?? {};
}

/** The command to its end, without a terminal. */
const piburn = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, PIBURN_STORE: bench.store };
    execFile(process.execPath, [programPath, ...args], { cwd: bench.directory, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

describe('a terminal that goes away', () => {
  test('ends a burn in order: its cards do not start, and are named in report and journal', {
    skip: onScreen,
  }, async () => {
    forget();
    const report = join(bench.directory, 'cut.json');
    const run = typed([...create, '--yes', `--report=${report}`], [slow]);
    await until('cards being written', isBegun);
    run.cut();
    await allGone();
    const summary: BurnSummary = JSON.parse(readFileSync(report, 'utf8'));
    assert.deepEqual(
      summary.cards.map(({ hostname, outcome, bootable }) => [hostname, outcome, bootable]),
      [
        ['red001', 'cancelled', 'no'],
        ['red002', 'cancelled', 'no'],
      ],
    );
    for (const name of names) assert.ok(isBlank(bench.card(name)));
    const { how, exitCode, resume } = await status();
    assert.deepEqual([how, exitCode, resume], ['over', 130, 'piburn create --resume']);
  });

  test('is one wish, however often it is said: the cards still end in order', { skip }, async () => {
    const run = bench.start(burn, [slow]);
    await until('cards being written', isBegun);
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGHUP'] as const) process.kill(run.pid, signal);
    const ended = await run.ended;
    assert.equal(ended.code, 130, ended.text);
    for (const name of names) assert.equal(cardOf(ended, name).bootable, 'no');
  });
});

test('a signal that comes twice at once is one wish: the cards end in order', { skip }, async () => {
  const run = bench.start(burn, [slow]);
  await until('cards being written', isBegun);
  process.kill(run.pid, 'SIGINT');
  await until('the word that they stop', () => run.text().includes('Ctrl-C again'));
  process.kill(run.pid, 'SIGTERM');
  const ended = await run.ended;
  assert.equal(ended.code, 130, ended.text);
  for (const name of names) assert.equal(cardOf(ended, name).bootable, 'no');
});

describe('a run in the background', () => {
  test('goes on when the terminal goes, and is found, shown and logged', { skip: onScreen }, async () => {
    forget();
    const run = typed([...create, '--background'], [slow], { WIFIPASSWORD: secret });
    await run.see(/Go on\? \[y\/N\] $/);
    assert.ok(names.every((name) => isUntouched(bench.card(name))));
    run.type('y\r');
    await run.see(/goes on in the background: run \S+, process \d+[\s\S]*piburn status[\s\S]*piburn stop[\s\S]*\.log/);
    assert.equal(await run.code, 0);
    const [engine] = ours();
    assert.ok(engine !== undefined, 'it goes on');
    assert.deepEqual([engine.terminal, engine.session], [0, engine.pid]);
    const descriptors = [0, 1, 2].map((fd) => readlinkSync(`/proc/${engine.pid}/fd/${fd}`));
    const [log = ''] = runs('.log');
    const path = join(bench.store, 'runs', log);
    assert.deepEqual(descriptors, ['/dev/null', path, path]);
    assert.doesNotMatch(engine.command, /red001|hush/);
    const going = await status();
    assert.deepEqual([going['how'], going['pid'], going['planned']], ['going', engine.pid, 2]);
    await until('both cards', areSealed);
    await allGone();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readRun(log), /red001[\s\S]*2 good in/);
    assert.doesNotMatch(readRun(log) + runs('.live').map(readRun).join(''), new RegExp(secret));
    const over = await status();
    assert.deepEqual([over['how'], over['exitCode'], over['good'], over['left']], ['over', 0, 2, []]);
  });

  test('is stopped in order by `piburn stop`', { skip }, async () => {
    forget();
    const begun = await bench.run([...create, '--background'], [slow]);
    assert.equal(begun.code, 0, begun.text);
    // A card that is stopped before its first write keeps what it had.
    await until('both cards wiped', isBegun);
    const stopped = await piburn('stop');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.match(stopped.stdout, /is over \(exit code 130\)[\s\S]*go on with it: piburn create --resume/);
    await allGone();
    for (const name of names) assert.ok(isBlank(bench.card(name)));
    const { how, exitCode, left } = await status();
    assert.deepEqual([how, exitCode, left], ['over', 130, ['red001', 'red002']]);
    assert.equal((await piburn('stop')).code, 2, 'nothing goes on any more');
  });

  test('ends in order when it is asked twice to stop', { skip }, async () => {
    forget();
    const begun = await bench.run([...create, '--background'], ['write path=cards/ sleep=120']);
    assert.equal(begun.code, 0, begun.text);
    const { pid, log } = await status();
    process.kill(Number(pid), 'SIGTERM');
    await until('the word that it stops', () =>
      /stopping: .*piburn stop --now/.test(readFileSync(String(log), 'utf8')),
    );
    for (const each of ours()) process.kill(each.pid, 'SIGTERM');
    await allGone();
    const { how, exitCode } = await status();
    assert.deepEqual([how, exitCode], ['over', 130]);
  });

  test('prints its help where it was asked for', { skip }, async () => {
    const { code, stdout } = await piburn('create', '--background', '--help');
    assert.equal(code, 0);
    assert.match(stdout, /--hostname <names>/);
  });

  test('that is refused, or needs a person, says so and leaves nothing', { skip }, async () => {
    forget();
    const refusals: readonly (readonly [args: readonly string[], code: number, words: RegExp])[] = [
      [['burn', 'none.img', 'cards/a.img'], 2, /none\.img/],
      [
        ['create', `--image=${piImage}`, '--device=cards/a.img', '--hostname=red[001-002]'],
        2,
        /background asks for no cards[\s\S]*--auto/,
      ],
      [['burn', '-', 'cards/a.img'], 2, /standard input/],
      [[...burn, '--dryrun'], 2, /no effect/],
    ];
    for (const [args, code, said] of refusals) {
      const ended = await bench.run([...args, '--background']);
      assert.deepEqual([ended.code, ended.events], [code, []], ended.text);
      assert.match(ended.text, said);
    }
    await allGone();
    assert.deepEqual(runs(''), []);
    assert.ok(names.every((name) => isUntouched(bench.card(name))));
  });

  test('whose log is on a full disk burns all the same', { skip }, async () => {
    const begun = await bench.run([...burn, '--background'], ['write path=.log errno=ENOSPC']);
    assert.equal(begun.code, 0, begun.text);
    await allGone();
    assert.ok(areGood());
  });
});

test('a run whose process was killed is called dead, with the way to go on', { skip }, async () => {
  forget();
  const run = bench.start(create, [slow]);
  await until('cards being written', isBegun);
  run.signalAll('SIGKILL');
  await run.ended;
  const { how, left, resume } = await status();
  assert.deepEqual([how, left, resume], ['dead', ['red001', 'red002'], 'piburn create --resume']);
  const next = await bench.run(['create', '--resume']);
  assert.equal(next.code, 0, next.text);
  assert.ok(areSealed());
});

test('Ctrl-Z gives the terminal back and stops everything, and `fg` goes on to good cards', {
  skip: onScreen,
}, async () => {
  const line = `LD_PRELOAD='${bench.shim}' PIBURN_FAULTS='${slow}' '${process.execPath}' '${programPath}' ${words(burn)} --yes --stall-timeout=3`;
  const shell = atTerminal('exec sh -i', bench.directory, { PIBURN_STORE: bench.store });
  await shell.see(/\$ $/);
  shell.type(`${line}\n`);
  await shell.see(/writing .*%/);
  shell.type('\x1a');
  const burning = () => ours().filter(isBurning);
  await until('both processes stopped', () => burning().length === 2 && burning().every(({ state }) => state === 'T'));
  await shell.see(/Stopped/);
  // The last thing drawn before the shell wrote anything is nothing, in the place of the three lines.
  assert.match(shell.raw().replaceAll('\x1b', ''), /\[3A\r\[J[^%]*Stopped/);
  shell.type('stty -a | tr ";" "\\n" | grep -o -E -e "-?(icanon|echo)\\b"; echo seen\n');
  await shell.see(/seen\r?\n/);
  assert.match(shell.screen(), /(?<!-)icanon\b/);
  await new Promise((done) => setTimeout(done, 3500)); // longer than the stall time-out
  shell.type('fg\n');
  await shell.see(/2 good in/);
  shell.type('echo code=$?; exit\n');
  await shell.see(/code=0/);
  await shell.code;
  assert.ok(areGood());
  assert.doesNotMatch(shell.screen(), /stalled|no progress/);
});

test('a window that becomes narrower gets narrower lines, drawn over all rows of the old ones', {
  skip: onScreen,
}, async () => {
  const shell = atTerminal('stty cols 120 rows 24; exec sh -i', bench.directory, { PIBURN_STORE: bench.store });
  await shell.see(/\$ $/);
  shell.type(
    `LD_PRELOAD='${bench.shim}' PIBURN_FAULTS='${slow}' '${process.execPath}' '${programPath}' ${words(burn)} --yes\n`,
  );
  await shell.see(/writing .*%/);
  const [engine] = ours().filter(isBurning);
  const terminal = readlinkSync(`/proc/${engine?.pid}/fd/1`);
  const before = shell.raw().lastIndexOf('\x1b[J') + '\x1b[J'.length; // where a frame begins
  execFileSync('stty', ['-F', terminal, 'cols', '50']);
  await until('a redraw at the new width', () => shell.raw().indexOf('\x1b[J', before) > 0);
  await shell.see(/2 good in/);
  shell.type('exit\n');
  await shell.code;
  const frames = shell.raw().slice(before).split('\x1b[J');
  const rows = (frame: string) =>
    stripVTControlCharacters(frame)
      .replaceAll('\r', '')
      .split(/\r?\n/)
      .filter((row) => row !== '');
  const narrow = frames.findIndex((frame) => rows(frame).length > 0 && rows(frame).every((row) => row.length <= 50));
  assert.ok(narrow >= 0 && narrow <= 1, 'the next frame, or the one after it, fits');
  // Three lines of up to 120 columns have become up to nine rows; the cursor went up over all of them.
  const up = Number(/\[(\d+)A\r/.exec(frames[narrow] ?? '')?.[1]);
  assert.ok(up > 3, `up ${up}`);
  for (const frame of frames.slice(narrow, -1))
    assert.ok(
      rows(frame).every((row) => row.length <= 50),
      frame,
    );
});

describe('an output that breaks', () => {
  const shells: Readonly<Record<string, readonly [redirection: string, said: RegExp]>> = {
    'its reader is gone': [
      '| head -n 1',
      /^piburn: standard output is lost: its reader is gone; the burn goes on without it\n/m,
    ],
    'its disk is full': [
      '> /dev/full',
      /^piburn: standard output is lost: the disk is full; the burn goes on without it\n/m,
    ],
    'standard error is full as well': ['> /dev/full 2> /dev/full', /^$/],
    'both are closed': ['>&- 2>&-', /^$/],
  };
  for (const [what, [redirection, said]] of Object.entries(shells))
    test(`does not end a burn, or print a stack: ${what}`, { skip }, async () => {
      const command = `set -o pipefail; '${process.execPath}' '${programPath}' ${words(burn)} --yes --json ${redirection}`;
      const child = spawn('bash', ['-c', command], {
        cwd: bench.directory,
        env: { ...process.env, PIBURN_STORE: bench.store },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      assert.equal(code, 0, text);
      assert.match(text, said);
      assert.doesNotMatch(text, /\n\s+at |node:internal/);
      assert.ok(areGood());
    });
});

test('a full disk under journal, history and state is a warning each, and no card fails', { skip }, async () => {
  forget();
  rmSync(join(bench.store, 'history.jsonl'), { force: true });
  const ended = await bench.run(create, [
    `change path=${bench.store}/runs errno=ENOSPC`,
    'write path=history.jsonl errno=ENOSPC',
  ]);
  assert.equal(ended.code, 0, ended.text);
  assert.equal(summaryOf(ended).good, 2);
  for (const said of [/cannot be resumed/, /not in the history/, /status` cannot follow/])
    assert.equal(ended.text.match(new RegExp(said.source, 'g'))?.length, 1, `${said} in ${ended.text}`);
  assert.ok(areSealed());
});
