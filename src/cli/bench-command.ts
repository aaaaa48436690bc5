// `bench`: how fast the readers of this set-up write and read, alone and together, and what limits them. A line is redrawn while
// it works; then a table, and what it means in sentences.

import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { readNow, replaceFile } from '../burn/config/replace-file.js';
import { errnoOf, exitCodeOf, failure, toFailure, usageError } from '../errors.js';
import { given } from '../given.js';
import { type Benched, bench } from '../medium/throughput/bench.js';
import { leastRangeBytes, mostRangeBytes, rangeStepBytes, usualRangeBytes } from '../medium/throughput/range.js';
import type { BenchReader, BenchResult, BenchSample } from '../protocol/bench.js';
import type { TargetDescription } from '../protocol.js';
import { renderBenchSvg } from '../report/bench-svg.js';
import { renderBench } from '../report/bench-table.js';
import { benchSentences } from '../report/bench-verdict.js';
import { partWords, renderBenchProgress, renderBenchQuestion } from '../report/bench-words.js';
import { renderFailure } from '../report/failure.js';
import { parseSeconds, parseSize } from '../typed-amounts.js';
import { cardTarget, type End } from './card-target.js';
import { tableOptions } from './disk-options.js';
import type { Ending } from './ending.js';
import { addSafetyOptions, allowances, type SafetyFlags } from './medium-safety.js';
import { mediaOf } from './medium-words.js';
import { callingPerson } from './person.js';
import { printJson } from './print-json.js';
import { isYes, type Terminal } from './terminal.js';

interface BenchFlags extends SafetyFlags {
  readonly device?: string;
  readonly read?: boolean;
  readonly size?: string;
  readonly seconds?: string;
  readonly plot?: string;
}

const usualSeconds = '2';

export function addBenchCommand(program: Command, terminal: Terminal, end: End): void {
  const command = program
    .command('bench')
    .description('measure how fast readers are, alone and together; erases their cards')
    .option('--device <list>', 'cards such as /dev/sd[a-c], slots, or usb, or files such as cards/[a-c].img (DEV)')
    .addOption(
      new Option('--read', 'only read: nothing is written, and nothing is asked').conflicts([
        'yes',
        'unmount',
        'allowFixed',
        'allowLarge',
      ]),
    )
    .option('--size <size>', 'use so much of each card (default: 128M)')
    .option('--seconds <number>', `measure no longer in one step (default: ${usualSeconds})`)
    .option('--plot <file>', 'draw the speeds into an SVG file');
  addSafetyOptions(command)
    .addHelpText('after', footer)
    .action(async (flags: BenchFlags) => {
      if (flags.json) terminal.out = process.stderr;
      end(await runBench(flags, terminal));
    });
}

const footer = `
Each reader is measured alone, one of them with other block sizes and without O_DIRECT, then two, three and more at once.
Files that are not there are made, and removed afterwards: piburn bench --device=cards/[a-c].img needs no card.

  piburn bench --device=/dev/sd[a-d]           what limits these readers, and which --jobs and --blocksize fit
  piburn bench --device=/dev/sd[a-d] --read    the same without writing`;

async function runBench(flags: BenchFlags, terminal: Terminal): Promise<Ending> {
  const rangeBytes = flags.size === undefined ? usualRangeBytes : parseRange(flags.size);
  const limitMs = parseSeconds(flags.seconds ?? usualSeconds, '--seconds');
  // Before anything is erased: a picture that cannot be written is to be known now.
  const plot = flags.plot === undefined ? undefined : plotPlace(flags.plot);
  const paths = await mediaOf(cardTarget(flags.device), flags);
  const view = followBench(terminal);
  try {
    const benched = await bench(paths, {
      ...allowances(flags),
      readOnly: flags.read ?? false,
      rangeBytes,
      limitMs,
      confirm: (targets) => isSure(targets, flags, terminal),
      onSample: view.take,
      onCancel: (action) =>
        terminal.onInterrupt(() => {
          terminal.say('stopping (Ctrl-C again: at once)');
          action();
        }),
    });
    view.end();
    return tell(benched, plot, flags, terminal);
  } finally {
    view.end();
  }
}

/** @throws PiburnError `SIZE`. */
function parseRange(text: string): number {
  const rangeBytes = Math.floor(parseSize(text, '--size') / rangeStepBytes) * rangeStepBytes;
  if (rangeBytes >= leastRangeBytes && rangeBytes <= mostRangeBytes) return rangeBytes;
  throw usageError('SIZE', `--size: ${text} is not between 8M and 64G`, { hint: 'write it as --size=256M' });
}

/** Larger than any picture. */
const trialBytes = 64 * 1024;

/**
 * The place of the picture, with links followed; a file has been made beside it, and removed again.
 * @throws PiburnError `FILE_UNUSABLE`.
 */
function plotPlace(file: string): string {
  const { path } = readNow(file);
  const trial = `${path}.partial-${process.pid}`; // as `replaceFile` calls it
  try {
    rmSync(trial, { force: true });
    const descriptor = openSync(trial, 'wx', 0o600);
    try {
      writeFileSync(descriptor, Buffer.alloc(trialBytes));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      rmSync(trial);
    }
  } catch (error) {
    throw failure('FILE_UNUSABLE', `--plot: ${file} cannot be written (${errnoOf(error) ?? error})`, {
      hint: 'name a file in a directory that exists, may be written and has room; nothing has been erased',
    });
  }
  return path;
}

async function isSure(
  targets: readonly TargetDescription[],
  { yes }: BenchFlags,
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.canAsk(false)) return false;
  return isYes(await terminal.ask(renderBenchQuestion(targets)));
}

function tell({ result, stuck }: Benched, plot: string | undefined, flags: BenchFlags, terminal: Terminal): Ending {
  if (flags.json) printJson({ type: 'bench', ...result, sentences: benchSentences(result) });
  else terminal.say(`${renderBench(result, tableOptions(terminal))}\n`);
  for (const { failure } of result.readers)
    if (failure !== undefined) terminal.sayError(renderFailure(failure, { color: terminal.errorColor }));
  for (const line of afterwards(result.readers)) terminal.say(line);
  const isDrawn = plot === undefined || result.measures.length === 0 || savePlot(plot, result, terminal);
  return { code: codeOf(result) || (isDrawn ? 0 : 1), stuck };
}

/** 130 before all: the person knows why there is less. */
function codeOf({ interrupted, readers }: BenchResult): number {
  if (interrupted) return 130;
  const codes = readers.map(({ failure, wrong }) =>
    failure !== undefined ? exitCodeOf(failure) : wrong !== undefined ? 1 : 0,
  );
  // A card among others that failed is what 1 says; only where nothing could begin is it more.
  return codes.every((code) => code === 0 || code === 1)
    ? Math.max(0, ...codes)
    : codes.includes(0)
      ? 1
      : Math.max(...codes);
}

/** What has become of the content of each. */
function afterwards(readers: readonly BenchReader[]): string[] {
  const touched = readers.filter((reader) => reader.touched);
  const wiped = touched.filter(({ sizeBytes }) => sizeBytes !== undefined).map(({ path }) => path);
  const broken = touched.filter(({ sizeBytes }) => sizeBytes === undefined);
  const [last, ...others] = [...wiped].reverse();
  const names = others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
  const state = others.length === 0 ? 'has no partition table now, and its' : 'have no partition table now, and their';
  return [
    ...(last === undefined ? [] : [`${names} ${state} content is gone.`]),
    ...broken.map(
      ({ path }) => `${path} failed while its partition table was removed: nobody knows what is left on it.`,
    ),
  ];
}

/** False when it could not be: the figures have been told by then. */
function savePlot(file: string, result: BenchResult, terminal: Terminal): boolean {
  const day = new Date().toISOString().slice(0, 10);
  const [limit = ''] = benchSentences(result);
  const names = result.readers.map(({ path, model }) => (model === 'file' ? path : model));
  const svg = renderBenchSvg(result, {
    title: [...new Set(names)].join(', '),
    subtitle: `${day}: ${limit}`,
  });
  const { uid, gid } = callingPerson(process.env);
  try {
    replaceFile(file, svg, 0o644, given({ uid, gid }));
  } catch (error) {
    terminal.sayError(renderFailure(toFailure(error), { color: terminal.errorColor }));
    return false;
  }
  terminal.say(`The picture is in ${file}.`);
  return true;
}

/** A line that is redrawn on a terminal; elsewhere a line for each kind of step. */
function followBench(terminal: Terminal) {
  let latest: BenchSample | undefined;
  let isLive = false;
  const line = () => (latest === undefined ? [] : [renderBenchProgress(latest, { columns: terminal.columns })]);
  return {
    take(sample: BenchSample) {
      const isNew = latest?.part !== sample.part;
      const isFirst = latest === undefined;
      latest = sample;
      if (isFirst && terminal.isLive) {
        isLive = true;
        terminal.startLive(line);
      }
      if (!isLive && isNew) terminal.say(`measuring: ${partWords[sample.part]}`);
    },
    end() {
      if (isLive) terminal.stopLive();
      isLive = false;
    },
  };
}
