// Everything that was measured, as JSON for programs. Pure but for the machine's name.

import { arch, cpus, release, totalmem } from 'node:os';
import { type Context, figureOf, isVoid, ratioOf, verdictsOf } from './figures.js';

/** Changes when a field changes its meaning or goes. */
export const recordVersion = 1;

/** Times in seconds, sizes in bytes, ratios as they are. */
export function recordOf(
  context: Context,
  head: Readonly<Record<string, string>>,
  leftOut: ReadonlyMap<string, string>,
): object {
  return {
    version: recordVersion,
    kind: 'piburn bench',
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, arch: arch(), memoryBytes: totalmem() },
    kernel: release(),
    node: process.version,
    head,
    rows: context.rows.map((row) => {
      const { name, setUp, contender, baseline } = row.trial;
      return {
        name,
        setUp: setUp.name,
        about: setUp.about,
        form: setUp.form,
        cards: setUp.cards,
        usedBytes: context.usedBytesOf(row),
        idealSeconds: setUp.idealSeconds?.(context.usedBytesOf(row)) ?? null,
        contender: contender.name,
        kind: contender.kind,
        line: contender.line,
        verifies: contender.verifies,
        void: isVoid(row),
        wallSeconds: orNull(figureOf(row, 'wall')),
        cpuSeconds: orNull(figureOf(row, 'cpu')),
        baseline,
        ratio: ratioOf(row, context) ?? null,
        targets: verdictsOf(row, context),
        rounds: row.rounds,
      };
    }),
    leftOut: [...leftOut].map(([name, reason]) => ({ name, reason })),
  };
}

/** JSON has no NaN. */
const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
