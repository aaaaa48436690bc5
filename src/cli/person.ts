// Whose records are kept: those of the person who called, also under sudo.

import { given } from '../given.js';
import { callingPerson } from '../image/caller.js';
import { storeDirectory } from '../image/store.js';
import type { RecordsPlace } from '../records/place.js';

export { callingPerson, type Person } from '../image/caller.js';

/** Where this person's history, journals and labels of slots are kept: in the store. */
export function recordsPlace(store: string | undefined, env: NodeJS.ProcessEnv): RecordsPlace {
  const { uid, gid } = callingPerson(env);
  return { directory: storeDirectory(store, env), ...given({ uid, gid }) };
}
