// `npm run bench`: piburn against the limit of the machine and against what people would use instead. Rows come from
// trials.ts; those of a set-up are interleaved, then printed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, usageError } from '../src/errors.js';
import { printHead } from './bench.js';
import { cardKind } from './cards.js';
import { chartsOf } from './charts.js';
import { type Context, isVoid, type TableRow } from './figures.js';
import { usedMiB } from './image.js';
import { withMemory } from './place.js';
import { recordOf } from './record.js';
import { interleave } from './rounds.js';
import { runTrial, whyNot } from './run-trial.js';
import { openWorkshop, type Source, type Workshop } from './set-up.js';
import type { TableOrder } from './table-order.js';
import { legend, renderSection, renderTargets } from './table-text.js';
import { chooseTrials, isRare, type Trial } from './trials.js';

/** @throws PiburnError `WRONG_RESULT` when a trial went wrong. */
export async function runTable(order: TableOrder): Promise<void> {
  const chosen = chooseTrials(order.words);
  if (chosen.length === 0)
    throw usageError('NO_ROW', `no row has a name with '${order.words.join("' or '")}' in it`, {
      hint: 'npm run bench -- --help lists the names',
    });
  // What cannot be written is better known before than after twenty minutes.
  if (order.plot !== undefined) mkdirSync(order.plot, { recursive: true });
  if (order.json !== undefined) writeFileSync(order.json, '');
  await withMemory(async (place, kind) => {
    const workshop = await openWorkshop(place, order, chosen);
    const sources = new Map<string, Source>();
    for (const { setUp } of chosen) sources.set(setUp.name, await workshop.sourceOf(setUp));
    const head = factsOf(order, sources, kind);
    printHead(head, order.rounds);
    // After each set-up: a run that is broken off leaves what it has.
    const keepAll = (found: Found) => keep(order, found, head);
    const { context, leftOut } = await runSetUps(chosen, sources, { workshop, place, rounds: order.rounds }, keepAll);
    console.log(`${renderTargets(context)}\n\n${legend}`);
    for (const [name, reason] of leftOut) console.log(`left out: ${name}: ${reason}`);
    const wrong = context.rows.filter(isVoid).length;
    if (wrong > 0) throw failure('WRONG_RESULT', `${wrong} of ${context.rows.length} trials went wrong`);
  });
}

interface Found {
  readonly context: Context;
  /** Names of rows, and why they were not measured. */
  readonly leftOut: ReadonlyMap<string, string>;
}

interface Stage {
  readonly workshop: Workshop;
  readonly place: string;
  readonly rounds: number;
}

async function runSetUps(
  chosen: readonly Trial[],
  sources: ReadonlyMap<string, Source>,
  { workshop, place, rounds }: Stage,
  keepAll: (found: Found) => void,
): Promise<Found> {
  const rows: TableRow[] = [];
  const leftOut = new Map<string, string>();
  const context: Context = {
    rows,
    usedBytesOf: ({ trial }) => sources.get(trial.setUp.name)?.image.usedBytes ?? Number.NaN,
  };
  for (const [setUp, source] of sources) {
    const due = [];
    for (const trial of chosen.filter((each) => each.setUp.name === setUp)) {
      const reason = await whyNot(trial, source, workshop);
      if (reason !== undefined) leftOut.set(trial.name, reason);
      else due.push({ ...trial, isRare: isRare(trial), run: () => runTrial(trial, source, workshop, place) });
    }
    const measured = await interleave(due, rounds);
    rows.push(...measured);
    if (measured.length > 0) console.log(`${renderSection(measured, context)}\n`);
    keepAll({ context, leftOut });
  }
  return { context, leftOut };
}

function factsOf(order: TableOrder, sources: ReadonlyMap<string, Source>, kind: string): Record<string, string> {
  const used = new Map([...sources.values()].map(({ image }) => [image.sizeBytes, image]));
  const images = [...used.values()].map((image) => `${image.sizeBytes / 1024 ** 2} MiB (${usedMiB(image)} MiB used)`);
  const packed = [...sources.values()].filter(({ image, path }) => path !== image.path).map((each) => each.packedBytes);
  const archive = packed[0] === undefined ? '' : `; .xz of ${(packed[0] / 1e6).toFixed(0)} MB in blocks`;
  return {
    image: `${images.join(' and ')} of files of this machine's /usr${archive}; with stores and cards in ${kind}`,
    cards: `${cardKind}, sectors of 512 bytes, soiled before each trial and compared after it`,
    requests: '4 MiB with O_DIRECT (limit, dd, piburn); others as they choose',
    rare: `peers and slow cards have a part in every third round: ${Math.ceil(order.rounds / 3)}`,
  };
}

function keep({ json, plot }: TableOrder, { context, leftOut }: Found, head: Readonly<Record<string, string>>): void {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(recordOf(context, head, leftOut), null, 2)}\n`);
  if (plot === undefined) return;
  for (const { fileName, svg } of chartsOf(context)) writeFileSync(join(plot, fileName), svg);
}
