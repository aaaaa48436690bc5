// What every picture that is drawn as an SVG has: text, escaped, and coordinates with one digit behind the point.

import { stripControls } from './text.js';

/** A text element; `name` is its class. */
export const svgText = (
  at: number,
  down: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  name?: string,
): string =>
  `<text x="${round(at)}" y="${round(down)}" text-anchor="${anchor}"${name === undefined ? '' : ` class="${name}"`}>${escaped(words)}</text>`;

/** A coordinate. */
export const round = (value: number): number => Math.round(value * 10) / 10;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML takes no control characters at all (XML 1.0, 2.2), and these five only as entities. */
export const escaped = (words: string): string =>
  stripControls(words)
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
