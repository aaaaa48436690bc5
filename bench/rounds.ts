// Runs trials in rounds, each of them once in every round, so that what else the machine does meets them all alike.

import type { Measure } from './measure.js';
import { checkInterrupted } from './programs.js';

export interface Trial {
  readonly name: string;
  run(): Promise<Measure>;
}

/** A trial with its measures, one for each round. */
export interface Row<T extends Trial = Trial> {
  readonly trial: T;
  readonly rounds: readonly Measure[];
}

/** @throws PiburnError `INTERRUPTED`. */
export async function interleave<T extends Trial>(trials: readonly T[], rounds: number): Promise<Row<T>[]> {
  const rows = trials.map((trial) => ({ trial, rounds: [] as Measure[] }));
  for (let round = 1; round <= rounds; round++)
    for (const row of rows) {
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
