// `npm run bench [-- WORD ...] [--OPTION ...]`: measures piburn against the limit and against other programs, in
// interleaved rounds. Every result is checked; a target that is missed is printed, and no error.

import { exitCodeOf, PiburnError, toFailure } from '../src/errors.js';
import { failureLines } from '../src/report/failure.js';
import type { Bench } from './bench.js';
import { decodeBench } from './decode-bench.js';
import { fetchBench } from './fetch-bench.js';
import { withDirectory } from './place.js';
import { interrupt } from './programs.js';
import { tell } from './rounds.js';
import { runTable } from './table.js';
import { orderTable, tableOptions } from './table-order.js';
import { trials } from './trials.js';

/** Benches with tables of their own. */
const benches: readonly Bench[] = [decodeBench, fetchBench];

try {
  await main(process.argv.slice(2));
} catch (error) {
  tell('');
  // What is no PiburnError is a defect: its stack tells where.
  console.error(error instanceof PiburnError ? failureLines(error.failure).join('\n') : error);
  process.exitCode = exitCodeOf(toFailure(error));
}

async function main(args: readonly string[]): Promise<void> {
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    console.log(help());
    return;
  }
  const bench = benches.find(({ name }) => name === args[0]);
  const work = bench === undefined ? runTableOf(args) : runBench(bench, args.slice(1));
  // Where Debian keeps losetup and debugfs, which is not on everybody's path.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  await work();
}

/** Arguments are read at once: a wrong one is said before anything is done. */
function runTableOf(args: readonly string[]): () => Promise<void> {
  const order = orderTable(args);
  return () => runTable(order);
}

function runBench(bench: Bench, args: readonly string[]): () => Promise<void> {
  const measureIn = bench.order(args);
  return () => withDirectory(measureIn);
}

function help(): string {
  const optionLine = (option: string, about: string) => `  ${option.padEnd(16)}${about}`;
  const sections = benches.map(({ name, about, options }) => {
    const lines = Object.entries(options).map(([option, { about: words, byDefault }]) =>
      optionLine(`--${option}=${byDefault}`, words),
    );
    return [`${name}: ${about}`, ...lines].join('\n');
  });
  return [
    'npm run bench [-- WORD ...] [--OPTION=VALUE ...]',
    ['the table: rows whose name holds a WORD, or all', ...tableOptions.map((each) => optionLine(...each))].join('\n'),
    ...sections,
    ['rows of the table:', ...trials.map(({ name, contender }) => optionLine(name.padEnd(26), contender.line))].join(
      '\n',
    ),
  ].join('\n\n');
}
