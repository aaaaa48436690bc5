// Parts of the bridge in words: a line for each, and below what is down what to try.

import type { BridgePart } from '../protocol.js';
import { glyphsFor } from './glyphs.js';
import { paint } from './paint.js';
import { stripControls } from './text.js';
import { alignLeft, displayWidth } from './width.js';

export interface PartOptions {
  readonly color: boolean;
}

const styles = { up: 'green', down: 'red', unknown: 'dim' } as const;

/** `✓ dnsmasq  it runs (pid 612)` */
export function renderParts(parts: readonly BridgePart[], { color }: PartOptions): string {
  const glyphs = glyphsFor(false);
  const marks = { up: glyphs.good, down: glyphs.failed, unknown: glyphs.cancelled } as const;
  const width = Math.max(0, ...parts.map(({ part }) => displayWidth(stripControls(part))));
  return parts
    .flatMap(({ part, state, detail, hint }) => {
      const mark = paint(marks[state], styles[state], color);
      const line = `${mark} ${alignLeft(stripControls(part), width)}  ${stripControls(detail)}`;
      const next = state === 'down' && hint !== undefined;
      return next ? [line, `${' '.repeat(width + 4)}${paint(stripControls(hint), 'dim', color)}`] : [line];
    })
    .join('\n');
}

/** `7 of 8 up`; what could not be looked at is left out. */
export function partsSummary(parts: readonly BridgePart[]): string {
  const known = parts.filter(({ state }) => state !== 'unknown');
  const down = known.filter(({ state }) => state === 'down');
  if (down.length === 0) return `All is well: ${known.length} of ${known.length}.`;
  return `${down.length} of ${known.length} not as it should be: ${down.map(({ part }) => stripControls(part)).join(', ')}.`;
}
