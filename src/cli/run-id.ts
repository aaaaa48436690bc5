// The id of this process's run: in the history, its journal, and what `piburn status` shows.

import { runId } from '../burn/random-id.js';

let own: string | undefined;

/** Always the same: one process burns once. */
export const ownRunId = (): string => (own ??= runId(new Date()));
