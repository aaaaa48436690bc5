// Runs trials in rounds, each of them once in every round, so that what else the machine does meets them all alike.

import type { Measure } from './measure.js';
import { checkInterrupted } from './programs.js';

export interface Trial {
  readonly name: string;
  run(): Promise<Measure>;
  /** It has a part in every third round only, beginning with the first. */
  readonly isRare?: boolean;
}

/** A trial with its measures, one for each round that it had a part in. */
export interface Row<T extends { readonly name: string } = Trial> {
  readonly trial: T;
  readonly rounds: readonly Measure[];
}

const rareEvery = 3;

/** What went wrong once is not tried again. @throws PiburnError `INTERRUPTED`. */
export async function interleave<T extends Trial>(trials: readonly T[], rounds: number): Promise<Row<T>[]> {
  const rows = trials.map((trial) => ({ trial, rounds: [] as Measure[] }));
  for (let round = 1; round <= rounds; round++)
    for (const row of rows) {
      const isDue = row.trial.isRare !== true || (round - 1) % rareEvery === 0;
      if (!isDue || row.rounds.some(({ problem }) => problem !== undefined)) continue;
      tell(`round ${round} of ${rounds}: ${row.trial.name}`);
      const measured = await row.trial.run();
      checkInterrupted();
      row.rounds.push(measured);
    }
  tell('');
  return rows;
}

/** What is going on, for somebody who watches. */
export function tell(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${doing}`);
}
