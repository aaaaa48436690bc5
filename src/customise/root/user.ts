// The node's user: an account of that name if the image has one, else its first user (uid 1000) under the new name, else
// a new one. The same choice as the first boot of Raspberry Pi OS and cloud-init make.

import { failure, type PiburnError } from '../../errors.js';
import type { NodeUser } from '../../protocol.js';
import { groupEntries, mapEntry, type PasswdEntry, passwdEntries, withField } from './accounts.js';
import { allowSudo, authorizeKeys, loginShell, setPassword } from './login.js';
import { makeHome, makeUser } from './new-user.js';
import { renameUser } from './rename-user.js';
import type { RootDraft } from './root-draft.js';

const passwdFile = '/etc/passwd';
const firstUid = 1000;
/** What Debian's login.defs keeps for people; nobody (65534) and dynamic users of systemd are above. */
const lastUid = 60_000;

/** @throws PiburnError `ROOT_USER` for a name that the image needs for something else, `ROOT_ODD_FILE`. */
export function placeUser(draft: RootDraft, user: NodeUser, now: Date): void {
  const account = accountFor(draft, user.name);
  letLogIn(draft, account);
  setPassword(draft, user.name, user.passwordHash, now);
  allowSudo(draft, user.name, user.passwordHash === undefined);
  makeHome(draft, account);
  authorizeKeys(draft, account, user.authorizedKeys);
}

function accountFor(draft: RootDraft, name: string): PasswdEntry {
  const passwd = draft.text(passwdFile);
  const group = draft.text('/etc/group');
  if (passwd === undefined || group === undefined) throw noAccounts();
  const entries = passwdEntries(passwd);
  const named = entries.find((entry) => entry.name === name);
  if (named !== undefined) return personal(named);
  if (groupEntries(group).some((entry) => entry.name === name)) throw takenByGroup(name);
  const first = entries.find((entry) => entry.uid === firstUid);
  return first === undefined ? makeUser(draft, name, firstUid) : renameUser(draft, first, name);
}

function personal(entry: PasswdEntry): PasswdEntry {
  if (entry.uid >= firstUid && entry.uid <= lastUid) return entry;
  throw failure('ROOT_USER', `'${entry.name}' is an account of the image's system (uid ${entry.uid})`, {
    hint: 'choose another name with --user',
  });
}

/** An account that waits for its first boot may have no shell yet. */
function letLogIn(draft: RootDraft, { name, shell }: PasswdEntry): void {
  const usable = /\/(?:nologin|false)$/.test(shell) ? loginShell(draft) : shell;
  const { text } = mapEntry(draft.text(passwdFile) ?? '', name, (fields) =>
    withField(withField(fields, 1, 'x'), 6, usable),
  );
  draft.write(passwdFile, text);
}

const noAccounts = (): PiburnError =>
  failure('ROOT_USER', 'the root of the image has no /etc/passwd or no /etc/group', {
    hint: 'this image keeps its accounts elsewhere; leave --user out',
  });

const takenByGroup = (name: string): PiburnError =>
  failure('ROOT_USER', `the image has a group '${name}' already, and a user gets a group of its own name`, {
    hint: 'choose another name with --user',
  });
