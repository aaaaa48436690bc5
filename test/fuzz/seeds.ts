// Seeds (what real programs have made, gzipped) and corpus (the inputs that reach what no other does) of the targets.
// Both lie in the source tree, also when this runs from `dist`.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Input, parseInput } from './input.js';

const folder = fileURLToPath(new URL('../../../test/fuzz/', import.meta.url));
const seedPath = (name: string): string => join(folder, 'seeds', `${name}.gz`);
const corpusPath = (target: string): string => join(folder, 'corpus', `${target}.json`);

const known = new Map<string, Buffer>();

/** The bytes of a seed; not to be changed. */
export function seedOf(name: string): Buffer {
  const bytes = known.get(name) ?? gunzipSync(readFileSync(seedPath(name)));
  known.set(name, bytes);
  return bytes;
}

export function writeSeed(name: string, bytes: Uint8Array): void {
  mkdirSync(join(folder, 'seeds'), { recursive: true });
  writeFileSync(seedPath(name), gzipSync(bytes, { level: 9 }));
}

/** The names of all seeds that begin with a target's name. */
export const seedsOf = (target: string): string[] =>
  readdirSync(join(folder, 'seeds'))
    .map((file) => file.replace(/\.gz$/, ''))
    .filter((name) => name.startsWith(`${target}-`))
    .sort();

export function readCorpus(target: string): Input[] {
  const path = corpusPath(target);
  if (!existsSync(path)) return [];
  const inputs: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return Array.isArray(inputs) ? inputs.map(parseInput) : [];
}

/** One input on a line, so that a change of the corpus can be read. */
export function writeCorpus(target: string, inputs: readonly Input[]): void {
  mkdirSync(join(folder, 'corpus'), { recursive: true });
  writeFileSync(corpusPath(target), `[\n${inputs.map((input) => JSON.stringify(input)).join(',\n')}\n]\n`);
}
