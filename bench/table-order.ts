// The table's command line: words that choose rows, and options.

import { parseArgs } from 'node:util';
import { usageError } from '../src/errors.js';
import { given } from '../src/given.js';
import { leastMiB } from './image.js';

export interface TableOrder {
  readonly words: readonly string[];
  readonly rounds: number;
  /** Size of the image in MiB, and of that for slow cards. */
  readonly mib: number;
  readonly slowMib: number;
  /** Files and directories that get the result. */
  readonly json?: string;
  readonly plot?: string;
  /** Install etcher-sdk. */
  readonly etcher: boolean;
}

interface NumberOption {
  readonly byDefault: number;
  readonly least: number;
  readonly most: number;
  readonly about: string;
}

const numbers = {
  rounds: {
    byDefault: 3,
    least: 1,
    most: 1000,
    about: 'rounds, interleaved; peers and slow cards have a part in every third',
  },
  mib: { byDefault: 2048, least: leastMiB, most: 65_536, about: 'size of the image in MiB' },
  'slow-mib': { byDefault: 512, least: leastMiB, most: 65_536, about: 'size of the image for slow cards in MiB' },
} as const satisfies Record<string, NumberOption>;

const texts = {
  json: ['FILE', 'writes everything that was measured to a file'],
  plot: ['DIR', 'draws the ratios, as SVG files in a directory'],
} as const;

/** What the help says of the options. */
export const tableOptions: readonly (readonly [option: string, about: string])[] = [
  ...Object.entries(numbers).map(([name, { byDefault, about }]) => [`--${name}=${byDefault}`, about] as const),
  ...Object.entries(texts).map(([name, [value, about]]) => [`--${name}=${value}`, about] as const),
  ['--etcher', 'installs etcher-sdk by npm (100 MB, below build/); PIBURN_BENCH_ETCHER names a directory that has it'],
];

/** @throws PiburnError `OPTION`. */
export function orderTable(args: readonly string[]): TableOrder {
  const { values, positionals } = readArgs(args);
  const number = (name: keyof typeof numbers): number => {
    const { byDefault, least, most } = numbers[name];
    const word = values[name] ?? String(byDefault);
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw usageError('OPTION', `--${name}: '${word}' is no whole number from ${least} to ${most}`);
  };
  for (const name of Object.keys(texts) as (keyof typeof texts)[])
    if (values[name] === '') throw usageError('OPTION', `--${name} names nothing`);
  return {
    words: positionals,
    rounds: number('rounds'),
    mib: number('mib'),
    slowMib: number('slow-mib'),
    etcher: values.etcher ?? false,
    ...given({ json: values.json, plot: values.plot }),
  };
}

function readArgs(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    rounds: text,
    mib: text,
    'slow-mib': text,
    json: text,
    plot: text,
    etcher: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw usageError('OPTION', error instanceof Error ? error.message : String(error), {
      hint: 'npm run bench -- --help lists the options',
    });
  }
}
