// Who called: under sudo the person who did, not root. Their keys are meant, and files for them shall be theirs.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { given } from '../given.js';
import { storeDirectory } from '../image/store.js';
import type { RecordsPlace } from '../records/place.js';

export interface Person {
  readonly home: string;
  /** Set under sudo only: whom files are given to. */
  readonly uid?: number;
  readonly gid?: number;
}

export function callingPerson(env: NodeJS.ProcessEnv): Person {
  const { SUDO_UID: uid, SUDO_GID: gid, SUDO_USER: user } = env;
  if (process.getuid?.() !== 0 || uid === undefined || gid === undefined || user === undefined || user === 'root')
    return { home: homedir() };
  return { home: homeOf(user), uid: Number(uid), gid: Number(gid) };
}

/** Where this person's history, journals and labels of slots are kept: in the store, and under sudo in their own one. */
export function recordsPlace(store: string | undefined, env: NodeJS.ProcessEnv): RecordsPlace {
  const { home, uid, gid } = callingPerson(env);
  const owner = given({ uid, gid });
  const isNamed = store !== undefined || Boolean(env['PIBURN_STORE']);
  if (isNamed || uid === undefined) return { directory: storeDirectory(store, env), ...owner };
  return { directory: join(home, '.cache', 'piburn'), ...owner };
}

function homeOf(user: string): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const fields = lines.map((line) => line.split(':')).find(([name]) => name === user);
    return fields?.[5] || join('/home', user);
  } catch {
    return join('/home', user);
  }
}
