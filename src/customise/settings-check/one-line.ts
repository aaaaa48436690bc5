// The rule that all settings share: one line of real characters. They become files that run as root, where a line break
// would be a new instruction.

import { usageError } from '../../errors.js';

/** Control characters, the Unicode line separators, and halves of surrogate pairs. */
const notOneLine = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Throws a usage error `CONTROL_CHARACTER` when a value has a line break, NUL or another control character. */
export function checkOneLine(value: string, what: string): void {
  if (!notOneLine.test(value)) return;
  throw usageError('CONTROL_CHARACTER', `There is a line break or another control character in ${what}.`, {
    hint: 'Type it again on one line.',
  });
}

/** For messages, which may go to a terminal: no control characters, and not endlessly long. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '?').slice(0, 64);
