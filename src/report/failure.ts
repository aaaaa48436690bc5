// An error for a person: one sentence that says what happened, and one that says what to try next.

import type { Failure } from '../errors.js';
import { paint } from './paint.js';
import { sentence } from './text.js';

/** The text for an error that ends the program, without a line break at its end. */
export function renderFailure(failure: Failure, { color }: { color: boolean }): string {
  const [message = '', ...next] = failureLines(failure);
  return [`${paint('piburn:', 'red', color)} ${message}`, ...next].join('\n');
}

/** The message, and `Next: …` where there is a hint. */
export function failureLines({ message, hint }: Failure): string[] {
  return hint === undefined ? [sentence(message)] : [sentence(message), `Next: ${sentence(hint)}`];
}
