// Compiles the bench's own C programs. A C compiler is there: piburn's addon was compiled when it was installed.

import { join } from 'node:path';
import { run } from './programs.js';

/** In the directory of package.json, as every npm script is. */
const sources = join(process.cwd(), 'bench');
const xxhash = join(process.cwd(), 'node_modules/xxhash-addon/xxHash');
const compiled = new Map<string, Promise<string>>();

/** `limit` or `cards`: compiles it into a directory, once, and resolves with the path of the program. */
export function compile(name: 'limit' | 'cards', directory: string): Promise<string> {
  const program = join(directory, name);
  const found = compiled.get(program) ?? compileTo(program, join(sources, `${name}.c`));
  compiled.set(program, found);
  return found;
}

async function compileTo(program: string, source: string): Promise<string> {
  await run(['cc', '-O3', '-march=native', '-pthread', `-I${xxhash}`, source, '-o', program]);
  return program;
}
