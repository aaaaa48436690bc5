// `npm run bench [-- burn|decode|fetch] [--OPTION=NUMBER]`: measures piburn against other programs, in interleaved
// rounds. Every result is checked; times are printed, never judged.

import { exitCodeOf, PiburnError, toFailure, usageError } from '../src/errors.js';
import { failureLines } from '../src/report/failure.js';
import type { Bench } from './bench.js';
import { burnBench } from './burn-bench.js';
import { decodeBench } from './decode-bench.js';
import { fetchBench } from './fetch-bench.js';
import { withDirectory } from './place.js';
import { interrupt } from './programs.js';
import { tell } from './rounds.js';

const benches: readonly Bench[] = [burnBench, decodeBench, fetchBench];

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
  const [first = ''] = args;
  const hasWord = first !== '' && !first.startsWith('-');
  const bench = benches.find(({ name }) => name === (hasWord ? first : 'burn'));
  if (bench === undefined)
    throw usageError('BENCH', `there is no bench '${first}'`, { hint: 'npm run bench -- --help lists them' });
  const measureIn = bench.order(hasWord ? args.slice(1) : args);
  // Where Debian keeps losetup and debugfs, which is not on everybody's path.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  await withDirectory(measureIn);
}

function help(): string {
  const sections = benches.map(({ name, about, options }) => {
    const lines = Object.entries(options).map(
      ([option, { about: words, byDefault }]) => `  ${`--${option}=${byDefault}`.padEnd(14)}${words}`,
    );
    return [`${name}: ${about}`, ...lines].join('\n');
  });
  return ['npm run bench [-- burn|decode|fetch] [--OPTION=NUMBER ...]   (burn, if none is named)', ...sections].join(
    '\n\n',
  );
}
