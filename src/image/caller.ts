// Who called: under sudo the person who did, not root. Their keys and their store are meant, and files for them are theirs.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Person {
  readonly home: string;
  /** Set under sudo only: whom files are given to. */
  readonly uid?: number;
  readonly gid?: number;
}

export function callingPerson(env: NodeJS.ProcessEnv): Person {
  const ids = callingUser(env);
  return ids === undefined ? { home: homedir() } : { home: homeOf(env['SUDO_USER'] ?? ''), ...ids };
}

/** Under sudo the numbers of the person who called. */
export function callingUser(env: NodeJS.ProcessEnv): { readonly uid: number; readonly gid: number } | undefined {
  const { SUDO_UID: uid = '', SUDO_GID: gid = '', SUDO_USER: user = 'root' } = env;
  const isSudo = process.getuid?.() === 0 && user !== 'root' && isNumber(uid) && isNumber(gid);
  return isSudo ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Of this process. Worker threads get its environment. */
export const ourCaller = (): ReturnType<typeof callingUser> => callingUser(process.env);

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text);

function homeOf(user: string): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    const fields = lines.map((line) => line.split(':')).find(([name]) => name === user);
    return fields?.[5] || join('/home', user);
  } catch {
    return join('/home', user);
  }
}
