// Values inside a POSIX shell script.

import { failure } from '../../errors.js';
import { checkOneLine } from '../settings-check.js';

export const hereDocumentEnd = 'PIBURN';

/** The value as one word that the shell takes literally. Throws a usage error for line breaks and NUL. */
export function shellQuote(value: string): string {
  checkOneLine(value, 'a value for the first-boot script');
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** A here-document that the shell takes literally: what follows a command on its line, and the lines after it. */
export function hereDocument(lines: readonly string[]): string {
  for (const line of lines) checkOneLine(line, 'a line for the first-boot script');
  if (lines.includes(hereDocumentEnd)) {
    throw failure('CUSTOMISE_SELFCHECK', `A line of the script is '${hereDocumentEnd}'.`);
  }
  return [`<<'${hereDocumentEnd}'`, ...lines, hereDocumentEnd].join('\n');
}
