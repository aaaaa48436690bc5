// A soak in figures: which fault ended how often in which way, and what the process held.

import type { CardEnd } from './judge.js';
import { inMib, median, type Resources } from './resources.js';

export function outcomeLines(cards: readonly CardEnd[]): string[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { fault, code } of cards) {
    const codes = counts.get(fault) ?? new Map<string, number>();
    counts.set(fault, codes.set(code, (codes.get(code) ?? 0) + 1));
  }
  const width = Math.max(...[...counts.keys()].map((fault) => fault.length));
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(
      ([fault, codes]) => `${fault.padEnd(width)}  ${[...codes].map(([code, count]) => `${count} ${code}`).join(', ')}`,
    );
}

/** Of the samples' thirds: warming up, and the two that are compared. */
export function resourceLines(samples: readonly Resources[]): string[] {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const parts = [samples.slice(0, third), samples.slice(third, 2 * third), samples.slice(-third)];
  const line = (name: string, of: (sample: Resources) => number, show: (value: number) => string = String) =>
    `${name.padEnd(12)}${parts.map((part) => (part.length === 0 ? '-' : show(median(part.map(of)))).padStart(12)).join('')}`;
  return [
    `${''.padEnd(12)}${['first third', 'second', 'last'].map((name) => name.padStart(12)).join('')}`,
    line('memory', ({ rssBytes }) => rssBytes, inMib),
    line('descriptors', ({ descriptors }) => descriptors),
    line('threads', ({ threads }) => threads),
    line('children', ({ children }) => children),
  ];
}
