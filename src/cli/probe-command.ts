// `probe`: what a card really holds and how fast it is. A line is redrawn while it works; then a table, a picture and the
// verdict in one sentence.

import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { readNow, replaceFile } from '../burn/config/replace-file.js';
import { errnoOf, exitCodeOf, usageError } from '../errors.js';
import { given } from '../given.js';
import type { Sample } from '../medium/on-thread.js';
import { type Probed, probe } from '../medium/probe.js';
import type { ProbeFacts, ProbeStep } from '../protocol/probe.js';
import type { TargetDescription } from '../protocol.js';
import { renderFailure } from '../report/failure.js';
import { advanceMeter, etaMs, type Meter, startMeter } from '../report/meter.js';
import { renderPlotSvg } from '../report/plot-svg.js';
import { renderProbe, renderProbeProgress, stepWords, verdictSentence } from '../report/probe-text.js';
import type { End } from './card-target.js';
import type { Ending } from './ending.js';
import { addSafetyOptions, allowances, ask, deviceHelp, orStuck, type SafetyFlags } from './medium-safety.js';
import { mediumOf } from './medium-words.js';
import { callingPerson } from './person.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface ProbeFlags extends SafetyFlags {
  readonly full?: boolean;
  readonly plot?: string;
  readonly seed?: string;
}

export function addProbe(program: Command, terminal: Terminal, end: End): void {
  const command = program
    .command('probe')
    .description('find out what a card really holds and how fast it is; erases it')
    .argument('[device]', deviceHelp)
    .option('--full', 'write and read back every block: takes hours, and proves the whole card')
    .option('--plot <file>', 'draw the speed over the card into an SVG file')
    .option('--seed <number>', 'look at the same random places as the probe that told this seed');
  addSafetyOptions(command).action(async (word: string | undefined, flags: ProbeFlags) => {
    const path = await mediumOf(word, flags);
    end(await orStuck(() => runProbe(path, flags, terminal), path, flags, terminal));
  });
}

async function runProbe(path: string, flags: ProbeFlags, terminal: Terminal): Promise<Ending> {
  if (flags.json) terminal.out = process.stderr;
  const seed = flags.seed === undefined ? undefined : parseSeed(flags.seed);
  // Before the card is erased: a picture that cannot be written is to be known now.
  const plot = flags.plot === undefined ? undefined : plotPlace(flags.plot);
  const view = followProbe(terminal);
  const consequence = flags.full ? 'will be overwritten, every block of it' : 'will be lost';
  try {
    const probed = await probe(path, {
      ...allowances(flags),
      full: flags.full ?? false,
      ...given({ seed }),
      confirm: async (target) => {
        const isSure = await ask(target, consequence, flags, terminal);
        if (isSure) view.begin();
        return isSure;
      },
      onSample: view.take,
      onCancel: (action) =>
        terminal.onInterrupt(() => {
          terminal.say('stopping after this request (Ctrl-C again: at once)');
          action();
        }),
    });
    view.end();
    return tell(probed, plot, flags, terminal);
  } finally {
    view.end();
  }
}

function tell(
  { facts, failure, touched, target }: Probed,
  plot: string | undefined,
  flags: ProbeFlags,
  terminal: Terminal,
): Ending {
  const { path, model } = target;
  const state = touched ? `${path} has no partition table now, and its content is gone` : `${path} is as it was`;
  if (flags.json) {
    const verdict = facts === undefined ? {} : { sentence: verdictSentence(facts.verdict, facts) };
    printJson({ type: 'card-probed', path, model, touched, ...verdict, ...given({ facts, failure }) });
  }
  if (failure !== undefined) {
    terminal.sayError(renderFailure(failure, { color: terminal.errorColor }));
    terminal.say(`${state}.`);
  }
  if (facts === undefined) return { code: failure === undefined ? 1 : exitCodeOf(failure), stuck: false };
  const columns = terminal.out.isTTY ? terminal.columns : 80;
  if (!flags.json) terminal.say(`${renderProbe(facts, { columns, color: terminal.color })}\n\n${state}.`);
  if (plot !== undefined) savePlot(plot, facts, target, terminal);
  return { code: ['good', 'slow'].includes(facts.verdict.kind) ? 0 : 1, stuck: false };
}

function savePlot(file: string, facts: ProbeFacts, { model, path }: TargetDescription, terminal: Terminal): void {
  const day = new Date().toISOString().slice(0, 10);
  const svg = renderPlotSvg(facts.speeds, {
    title: model === 'file' ? path : model,
    subtitle: `${verdictSentence(facts.verdict, facts)}; ${day}`,
    sizeBytes: facts.sizeBytes,
  });
  const { uid, gid } = callingPerson(process.env);
  replaceFile(file, svg, 0o644, given({ uid, gid }));
  terminal.say(`The picture is in ${file}.`);
}

/** Where the picture goes, once it is known that it can be written. @throws PiburnError. */
function plotPlace(file: string): string {
  const { path } = readNow(file);
  try {
    accessSync(dirname(path), constants.W_OK);
    return path;
  } catch (error) {
    throw usageError('PLOT', `the picture ${file} cannot be written (${errnoOf(error) ?? 'unknown error'})`, {
      hint: 'name a file in a directory that exists and may be written',
    });
  }
}

function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seed < 2 ** 32) return seed;
  throw usageError('SEED', `--seed: '${text}' is no seed`, { hint: 'give the number that an earlier probe has told' });
}

/** A line that is redrawn on a terminal; elsewhere a line for each step. */
function followProbe(terminal: Terminal) {
  const startedMs = performance.now();
  let sample: Sample = { step: 'opening', doneBytes: 0, totalBytes: 0 };
  let meter: Meter = startMeter(0, startedMs);
  let told: ProbeStep = 'opening';
  let isLive = false;
  const line = (): string[] => {
    const nowMs = performance.now();
    const remainingMs = sample.totalBytes > 0 ? etaMs(meter, sample.totalBytes, nowMs) : undefined;
    return [
      renderProbeProgress({ ...sample, elapsedMs: nowMs - startedMs, remainingMs }, { columns: terminal.columns }),
    ];
  };
  return {
    begin() {
      isLive = terminal.isLive;
      if (isLive) terminal.startLive(line);
    },
    take(next: Sample) {
      const nowMs = performance.now();
      meter = next.step === sample.step ? advanceMeter(meter, next.doneBytes, nowMs) : startMeter(0, nowMs);
      sample = next;
      if (!isLive && next.step !== told && next.step !== 'done') terminal.say(stepWords[next.step]);
      told = next.step;
    },
    end() {
      if (isLive) terminal.stopLive();
      isLive = false;
    },
  };
}
