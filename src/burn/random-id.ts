// Identities that nobody else makes: of runs and of cards.

import { randomBytes } from 'node:crypto';

/** So many random bytes as hexadecimal digits. */
export const randomId = (countBytes: number): string => randomBytes(countBytes).toString('hex');

/** A time and six digits, so that names of runs, and the ids on their cards, sort by their age: `20261123T181500-1a2b3c`. */
export const runId = (now: Date): string => `${now.toISOString().replace(/[-:]|\.\d+Z/g, '')}-${randomId(3)}`;
