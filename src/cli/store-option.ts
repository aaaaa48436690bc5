// The option that finds the same store again, for commands that piburn tells a person to type.

import { storeDirectory } from '../image/store.js';

/** ` --store=…` as a shell takes it; empty where the store is found without it. `directory`: an absolute path. */
export function storeOption(directory: string, env: NodeJS.ProcessEnv): string {
  return directory === storeDirectory(undefined, env) ? '' : ` --store=${shellWord(directory)}`;
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
