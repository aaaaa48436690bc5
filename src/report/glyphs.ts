// The few characters that piburn draws with, for terminals with Unicode and for those without.

export interface Glyphs {
  readonly good: string;
  readonly failed: string;
  readonly cancelled: string;
  readonly ellipsis: string;
  /** A full, and an empty, cell of a bar. */
  readonly full: string;
  readonly empty: string;
  /** Cells that are filled in part, from nearly empty to nearly full. */
  readonly partial: readonly string[];
}

const unicode: Glyphs = {
  good: '✓',
  failed: '✗',
  cancelled: '–',
  ellipsis: '…',
  full: '█',
  empty: '░',
  partial: ['▏', '▎', '▍', '▌', '▋', '▊', '▉'],
};

const asciiOnly: Glyphs = {
  good: '+',
  failed: 'x',
  cancelled: '-',
  ellipsis: '~',
  full: '#',
  empty: '.',
  partial: [],
};

export const glyphsFor = (ascii: boolean): Glyphs => (ascii ? asciiOnly : unicode);

/** A bar of exactly `columns` cells for a fraction from 0 to 1. */
export function drawBar(fraction: number, columns: number, glyphs: Glyphs): string {
  const steps = glyphs.partial.length + 1;
  const filled = Math.floor(Math.min(Math.max(fraction, 0), 1) * columns * steps);
  const fullCells = Math.floor(filled / steps);
  const partial = glyphs.partial[(filled % steps) - 1] ?? '';
  return (glyphs.full.repeat(fullCells) + partial).padEnd(columns, glyphs.empty);
}
