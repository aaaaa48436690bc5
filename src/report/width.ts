// How many terminal columns a text takes, and cutting or padding it to an exact number of them.
// An approximation of Unicode's East Asian Width (UAX #11): wide and full-width characters and emoji take two.

/** Columns that a text without control characters takes. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** The text cut to at most `columns`, its end replaced by the ellipsis where something was cut off. */
export function clip(text: string, columns: number, ellipsis = '…'): string {
  if (displayWidth(text) <= columns) return text;
  let room = columns - displayWidth(ellipsis);
  if (room < 0) return '';
  let kept = '';
  for (const character of text) {
    room -= characterWidth(character);
    if (room < 0) break;
    kept += character;
  }
  return kept + ellipsis;
}

/** The text cut or padded on its right to exactly `columns`. */
export function alignLeft(text: string, columns: number, ellipsis?: string): string {
  const cut = clip(text, columns, ellipsis);
  return cut + padding(cut, columns);
}

/** The text cut or padded on its left to exactly `columns`. */
export function alignRight(text: string, columns: number, ellipsis?: string): string {
  const cut = clip(text, columns, ellipsis);
  return padding(cut, columns) + cut;
}

const padding = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - displayWidth(text)));

// Combining marks sit on the character before them.
const noWidth = /^\p{M}$/u;

const twoColumns =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function characterWidth(character: string): number {
  if (character < '\u0300') return 1;
  if (noWidth.test(character)) return 0;
  return twoColumns.test(character) ? 2 : 1;
}
