// `latest` and its relatives: the newest Raspberry Pi OS of a kind. Alone it is Lite, 64 bit, not the legacy one.

import type { OsEntry } from './entry.js';
import { type Architecture, isLegacy, type Kind, parseRaspiOs } from './raspios.js';

export interface Latest {
  readonly kind: Kind;
  readonly architecture: Architecture;
  readonly legacy: boolean;
}

const kinds: readonly Kind[] = ['lite', 'desktop', 'full'];
const modifiers = [...kinds, '32', '64', 'legacy'];

/**
 * What `latest`, `latest-full-32`, `latest-lite-legacy` … ask for, words in any order. `nothing` when two words
 * contradict each other, undefined when it is another kind of word.
 */
export function parseLatest(word: string): Latest | 'nothing' | undefined {
  const [first, ...words] = word.toLowerCase().split(/[-_ ]/);
  if (first !== 'latest' || !words.every((each) => modifiers.includes(each))) return undefined;
  const asked = kinds.filter((kind) => words.includes(kind));
  const bits = ['32', '64'].filter((each) => words.includes(each));
  if (asked.length > 1 || bits.length > 1) return 'nothing';
  return {
    kind: asked[0] ?? 'lite',
    architecture: bits[0] === '32' ? 'armhf' : 'arm64',
    legacy: words.includes('legacy'),
  };
}

/** The newest entry of a kind; of one date, the first in the list. */
export function newest(entries: readonly OsEntry[], { kind, architecture, legacy }: Latest): OsEntry | undefined {
  let best: { readonly entry: OsEntry; readonly date: string } | undefined;
  for (const entry of entries) {
    const os = parseRaspiOs(entry.tag);
    if (os?.kind !== kind || os.architecture !== architecture || isLegacy(entry) !== legacy) continue;
    if (best === undefined || os.date > best.date) best = { entry, date: os.date };
  }
  return best?.entry;
}

/** `the newest Raspberry Pi OS Lite, 64 bit`. */
export function describeLatest({ kind, architecture, legacy }: Latest): string {
  const title = { lite: ' Lite', desktop: ' with desktop', full: ' Full' }[kind];
  return `the newest ${legacy ? 'legacy ' : ''}Raspberry Pi OS${title}, ${architecture === 'arm64' ? '64' : '32'} bit`;
}
