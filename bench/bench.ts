// What a bench is: a word, whole numbers as options, and something that measures and prints. And what every bench says first.

import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { usageError } from '../src/errors.js';
import { tell } from './rounds.js';

export interface NumberOption {
  readonly about: string;
  readonly byDefault: number;
  readonly least: number;
  readonly most: number;
}

export interface Definition<Name extends string> {
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<Name, NumberOption>>;
  /** `directory`: to work in; removed afterwards. */
  run(values: Readonly<Record<Name, number>>, directory: string): Promise<void>;
}

/** A definition whose options need not be known to whoever runs it. */
export interface Bench extends Omit<Definition<string>, 'run'> {
  /** Reads the arguments. @throws PiburnError `OPTION`. */
  order(args: readonly string[]): (directory: string) => Promise<void>;
}

export const roundsOption: NumberOption = { about: 'rounds, interleaved', byDefault: 3, least: 1, most: 1000 };

export function defineBench<Name extends string>(definition: Definition<Name>): Bench {
  const { name, about, options } = definition;
  const order = (args: readonly string[]) => {
    const values = readNumbers(args, options);
    return (directory: string) => definition.run(values, directory);
  };
  return { name, about, options, order };
}

function readNumbers<Name extends string>(
  args: readonly string[],
  options: Readonly<Record<Name, NumberOption>>,
): Record<Name, number> {
  const names = Object.keys(options) as Name[];
  const given = readWords(args, names);
  const numbers = names.map((name) => {
    const { byDefault, least, most } = options[name];
    const word = given[name] ?? String(byDefault);
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(value >= least && value <= most))
      throw usageError('OPTION', `--${name}: '${word}' is no whole number from ${least} to ${most}`);
    return [name, value] as const;
  });
  return Object.fromEntries(numbers) as Record<Name, number>;
}

function readWords(args: readonly string[], names: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  try {
    return { ...parseArgs({ args: [...args], options }).values };
  } catch (error) {
    throw usageError('OPTION', error instanceof Error ? error.message : String(error), {
      hint: 'npm run bench -- --help lists the options',
    });
  }
}

/** Prints on what is measured, and what. */
export function printHead(facts: Readonly<Record<string, string>>, rounds: number): void {
  const lines = {
    machine: `${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 1e9).toFixed(1)} GB`,
    kernel: `${release()}, node ${process.version}`,
    ...facts,
    rounds: `${rounds}, interleaved; medians of time, peak of memory`,
  };
  tell('');
  for (const [name, text] of Object.entries(lines)) console.log(`${name.padEnd(9)}${text}`);
  console.log('');
}
