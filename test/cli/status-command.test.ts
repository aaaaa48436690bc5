// `piburn status` over runs that have told of themselves in every way a run can end, and the table of commands.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Command } from 'commander';
import { commandGroups, nameIn } from '../../src/cli/command-table.js';
import { nameOf } from '../../src/cli/process-name.js';
import { chosenRuns, runWith } from '../../src/cli/seen-runs.js';
import { storeOption } from '../../src/cli/store-option.js';
import { Terminal } from '../../src/cli/terminal.js';
import type { LiveFacts, LiveState } from '../../src/protocol/live.js';
import { beginJournal } from '../../src/records/journal.js';
import { beginLive } from '../../src/records/live-run.js';
import { statusLines } from '../../src/report/status-text.js';
import { scratchFolder } from '../native/scratch.js';

const state: LiveState = {
  planned: 4,
  good: 1,
  failed: 0,
  cancelled: 0,
  remainingMs: 70_000,
  slots: [
    {
      slot: 1,
      device: '/dev/sda',
      hostname: 'red002',
      phase: 'writing',
      doneBytes: 45e6,
      totalBytes: 100e6,
      bytesPerSecond: 23.4e6,
      remainingMs: 70_000,
    },
    {
      slot: 2,
      device: '/dev/sdb',
      hostname: 'red001',
      phase: 'done',
      doneBytes: 0,
      totalBytes: 0,
      outcome: 'good',
      waitsFor: 'red003',
    },
    {
      slot: 3,
      device: '/dev/sdc',
      hostname: '\x1b[31mevil',
      phase: 'flushing',
      doneBytes: 0,
      totalBytes: 0,
      stalledMs: 12_000,
    },
  ],
};

function factsOf(number: number): LiveFacts {
  const own = nameOf(process.pid);
  return {
    id: `20261123T0000${String(number).padStart(2, '0')}-00000a`,
    command: 'create',
    image: 'raspios.img.xz',
    startedAt: `2026-11-23T00:00:${String(number).padStart(2, '0')}.000Z`,
    engine: own,
    leader: own,
    background: false,
  };
}

const plain = { columns: 100, color: false };
const placeOf = (t: TestContext) => ({ directory: join(scratchFolder(t), 'store') });

test('without any run there is none', (t) => {
  assert.deepEqual(chosenRuns(placeOf(t), undefined), []);
});

test('a run that goes on is shown slot by slot, with what is left and how it is stopped', (t) => {
  const place = placeOf(t);
  const note = beginLive(place, factsOf(1));
  t.after(() => note.close());
  note.write({ elapsedMs: 65_000, state });
  const [run, ...others] = chosenRuns(place, undefined);
  assert.ok(run !== undefined && others.length === 0);
  assert.deepEqual(statusLines(run, plain).slice(1), [
    '   1  sda     red002    writing       45 %  23.4 MB/s  1 min 10 s left',
    '   2  sdb     red001    needs a card                                    put in a card for red003',
    '   3  sdc     [31mevil  flushing                                        no progress for 12 s',
    '1 of 4 good, 2 in work, 1 left, about 1 min 10 s for the cards in work',
    `stop: piburn stop 20261123T000001-00000a --store=${place.directory}`,
  ]);
});

test('a run is dead when its process ended without a word, and over when it told its exit code', (t) => {
  const place = placeOf(t);
  const dead = beginLive(place, factsOf(1));
  dead.write({ elapsedMs: 1, state });
  dead.close();
  assert.equal(chosenRuns(place, undefined)[0]?.how, 'dead');
  const over = beginLive(place, factsOf(2));
  over.write({ elapsedMs: 1, state, exitCode: 1 });
  assert.deepEqual([chosenRuns(place, undefined)[0]?.how, chosenRuns(place, undefined)[0]?.exitCode], ['over', 1]);
  over.close();
  assert.equal(chosenRuns(place, '20261123T000001')[0]?.how, 'dead');
  assert.throws(() => chosenRuns(place, '2026'), /SEVERAL_RUNS|beginning of several/);
  assert.throws(() => chosenRuns(place, '1999'), /no run is known/);
});

test('a run of which nothing came is forgotten with its log', (t) => {
  const place = placeOf(t);
  const note = beginLive(place, factsOf(1));
  note.write({ elapsedMs: 1, state });
  note.forget();
  assert.deepEqual(readdirSync(join(place.directory, 'runs')), []);
  assert.equal(runWith(place, factsOf(1).id), undefined);
});

test('only the run that --resume would go on with is offered for it, with the store that it is found in', (t) => {
  const place = placeOf(t);
  for (const number of [1, 2, 3]) {
    const facts = factsOf(number);
    const [image, hostnames] = ['a.img', ['red001', 'red002']];
    const startedAt = new Date(facts.startedAt);
    const journal = beginJournal(place, { id: facts.id, options: { image }, hostnames, image, startedAt });
    const note = beginLive(place, facts);
    if (number === 3) journal.end('done');
    note.write({ elapsedMs: 1, state, exitCode: 130 });
    note.close();
    journal.close();
  }
  const resume = `piburn create --resume --store=${place.directory}`;
  assert.deepEqual(
    [1, 2, 3].map((number) => runWith(place, factsOf(number).id)?.resume),
    [undefined, resume, undefined],
  );
  assert.equal(chosenRuns(place, undefined).length, 1, 'a run with note and journal is one run');
});

test('a store is named where it is not the usual one, as a shell takes it', () => {
  const env = { PIBURN_STORE: '/usual', HOME: '/root' };
  assert.equal(storeOption('/usual', env), '');
  assert.equal(storeOption('/other/store-1', env), ' --store=/other/store-1');
  const odd = "/it's $HOME; rm";
  const words = execFileSync('sh', ['-c', `printf '%s\\n'${storeOption(odd, env)}`], { encoding: 'utf8' });
  assert.equal(words, `--store=${odd}\n`);
});

test('of many runs the newest 20 are kept, and any that still goes on', (t) => {
  const place = placeOf(t);
  const oldest = beginLive(place, factsOf(1));
  t.after(() => oldest.close());
  for (let number = 2; number <= 30; number++) {
    const note = beginLive(place, factsOf(number));
    note.write({ elapsedMs: 1, state, exitCode: 0 });
    note.close();
  }
  const locks = readdirSync(join(place.directory, 'runs')).filter((name) => name.endsWith('.lock'));
  assert.equal(locks.length, 22);
  assert.ok(locks.includes('20261123T000001-00000a.lock'));
});

test('what is no note of a run, or a link to something else, is not believed', (t) => {
  const place = placeOf(t);
  const runs = join(place.directory, 'runs');
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  writeFileSync(join(runs, '20261123T000001-00000a.live'), '{"version":1}\n');
  writeFileSync(join(runs, '20261123T000002-00000a.live'), 'x'.repeat(5 * 1024 * 1024));
  symlinkSync('/etc/passwd', join(runs, '20261123T000003-00000a.live'));
  assert.deepEqual(chosenRuns(place, undefined), []);
});

test('the help names every command as it is', async () => {
  const program = new Command('piburn');
  const terminal = new Terminal();
  for (const group of commandGroups) (await group.load())(program, terminal, () => undefined);
  const help = program.createHelp();
  assert.deepEqual(
    program.commands.map((command) => [help.subcommandTerm(command), command.description()]),
    commandGroups.flatMap(({ commands }) => commands.map(([usage, description]) => [usage, description])),
  );
  assert.equal(nameIn('burn [options] <image>'), 'burn');
});
