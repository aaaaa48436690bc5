// An error for a person: one sentence that says what happened, and one that says what to try next.

import type { Failure } from '../errors.js';
import { paint } from './paint.js';
import { sentence, stripControls } from './text.js';

/** The text for an error that ends the program, without a line break at its end. */
export function renderFailure(failure: Failure, { color }: { color: boolean }): string {
  const [message = '', ...next] = failureLines(failure);
  return [`${paint('piburn:', 'red', color)} ${message}`, ...next].join('\n');
}

/** The message, and `Next: …` where there is a hint. */
export function failureLines(failure: Failure): string[] {
  return failure.hint === undefined
    ? messageLines(failure)
    : [...messageLines(failure), `Next: ${sentence(failure.hint)}`];
}

/**
 * One line; below a hostlist's stand the list and a caret, below an ambiguous name what it could be. No other message may
 * break its line: it may hold names.
 */
function messageLines({ code, message }: Failure): string[] {
  if (!pictured.has(code)) return [sentence(message)];
  const [problem = '', ...picture] = message.split('\n');
  return [code === 'HOSTLIST' ? sentence(problem) : stripControls(problem), ...picture.map(stripControls)];
}

const pictured = new Set(['HOSTLIST', 'IMAGE_AMBIGUOUS']);
