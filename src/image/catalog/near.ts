// Tags that look like a word that is none: shared words and few differing letters count.

import type { Catalog } from './entry.js';

const mostNear = 5;
const longestWord = 120;

/** At most five tags, the likeliest first. */
export function nearTags({ entries }: Catalog, word: string): string[] {
  const wanted = word.slice(0, longestWord);
  const words = wordsOf(wanted);
  const scored = entries.flatMap(({ tag }) => {
    const score = closeness(wanted, words, tag.toLowerCase());
    return score > 0 ? [{ tag, score }] : [];
  });
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, mostNear)
    .map(({ tag }) => tag);
}

const wordsOf = (text: string): Set<string> => new Set(text.split(/[^\p{L}\p{N}]+/u).filter((each) => each.length > 1));

/** 0 for nothing in common, more for more; a slip of the fingers outweighs any words. */
function closeness(wanted: string, words: ReadonlySet<string>, tag: string): number {
  if (wanted === '') return 0;
  const most = Math.max(1, Math.floor(wanted.length / 5));
  const slips = slipsBetween(wanted, tag, most);
  if (slips <= most) return 100 - slips;
  const others = wordsOf(tag);
  const shared = [...others].filter((each) => words.has(each)).length;
  return shared === 0 ? 0 : shared / (words.size + others.size - shared);
}

/** Letters to insert, drop or exchange (Levenshtein), or more than `most` as soon as it must be more. */
function slipsBetween(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const kept = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(kept, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    if (current.every((slips) => slips > most)) return most + 1;
    previous = current;
  }
  return previous[b.length] ?? most + 1;
}
