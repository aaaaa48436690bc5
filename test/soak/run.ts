// `npm run soak -- [--seed=S] [--burns=300] [--slots=6]`: many burns with faults by chance. Prints the seed first, which
// repeats it. Exit code 0 when all is well, 1 when something was wrong, 2 for wrong arguments.

import { parseArgs } from 'node:util';
import type { CardEnd } from './judge.js';
import type { SoakWishes } from './plan.js';
import { inMib } from './resources.js';
import { type OnRun, soak } from './soak.js';
import { outcomeLines, resourceLines } from './table.js';

/** As many as piburn has workers for. */
const slotsMax = 32;
const burnsMax = 100_000;

const wishes = wishesIn(process.argv.slice(2));
if (wishes === undefined) {
  console.error('npm run soak -- [--seed=NUMBER] [--burns=300] [--slots=6]');
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await main(wishes);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

async function main(asked: SoakWishes): Promise<number> {
  console.log(`seed ${asked.seed}: ${asked.burns} burns over ${asked.slots} slots`);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  const end = await soak(asked, tellRun, stop.signal);
  if (end === undefined) {
    console.error('a soak needs a C compiler (cc)');
    return 1;
  }
  const { cards, samples, wrong } = end;
  console.log(['', ...outcomeLines(cards), '', ...resourceLines(samples), ''].join('\n'));
  for (const each of wrong) console.log(`WRONG: ${each}`);
  const good = goodOf(cards);
  console.log(`${cards.length} burns: ${good} good, ${cards.length - good} not; ${wrong.length} things wrong`);
  return wrong.length === 0 ? 0 : 1;
}

function tellRun(...[{ index }, cards, { rssBytes, descriptors, threads }]: Parameters<OnRun>): void {
  const held = `${inMib(rssBytes)}, ${descriptors} descriptors, ${threads} threads`;
  console.log(`run ${index + 1}: ${goodOf(cards)} of ${cards.length} good; ${held}`);
}

function goodOf(cards: readonly CardEnd[]): number {
  return cards.filter(({ code }) => code === 'good').length;
}

function wishesIn(args: readonly string[]): SoakWishes | undefined {
  try {
    const options = { seed: { type: 'string' }, burns: { type: 'string' }, slots: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const seed = numberIn(values.seed, Date.now() % 1_000_000, 0xffff_ffff);
    return { seed, burns: numberIn(values.burns, 300, burnsMax), slots: numberIn(values.slots, 6, slotsMax) };
  } catch {
    return undefined;
  }
}

function numberIn(text: string | undefined, byDefault: number, most: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(text);
  return value;
}
