// The id of a run that `piburn status` shows, made before anything of the library is loaded.

import { randomBytes } from 'node:crypto';

/** A time and six hexadecimal digits, so that ids sort by their age: `20261123T181500-1a2b3c`. */
export const newRunId = (): string =>
  `${new Date().toISOString().replace(/[-:]|\.\d+Z/g, '')}-${randomBytes(3).toString('hex')}`;

let own: string | undefined;

/** That of this process, which burns once. */
export const ownRunId = (): string => (own ??= newRunId());
