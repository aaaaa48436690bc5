// Names that come from a card or a reader, made fit for a terminal: a label may hold anything.

const longestName = 64;

/** Without control, direction and other invisible characters, spaces put together, at most 64 characters. */
export function cleanText(text: string): string {
  const visible = text
    .replaceAll(/[\s\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu, '')
    .trim();
  return [...visible].slice(0, longestName).join('');
}
