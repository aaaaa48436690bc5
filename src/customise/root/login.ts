// How a user gets in: the password's hash, the right to become root, and the keys for ssh.
// Source of the formats: shadow(5), sudoers(5), sshd(8).

import { groupEntries, mapEntry, type PasswdEntry } from './accounts.js';
import type { RootDraft } from './root-draft.js';
import { byteString } from './root-edit.js';
import { linesOf, withLines } from './text-lines.js';

export const loginShell = (draft: RootDraft): string => (draft.isFile('/bin/bash') ? '/bin/bash' : '/bin/sh');

const shadowFile = '/etc/shadow';
/** Matches no password, but does not lock the account, so that keys still log in. */
const noPassword = '*';
const shadowFields = 9;
const dayMs = 24 * 60 * 60 * 1000;

export function setPassword(draft: RootDraft, name: string, hash: string | undefined, now: Date): void {
  const before = draft.text(shadowFile);
  const password = hash ?? noPassword;
  // 0 would mean that the password must be changed at the first login.
  const changedOn = String(Math.max(1, Math.floor(now.getTime() / dayMs)));
  const fresh = [name, password, changedOn, '0', '99999', '7', '', '', ''];
  const { text, isFound } = mapEntry(before ?? '', name, (fields) =>
    // Without the day on which the account expires: images lock accounts with it.
    fields.length === shadowFields ? [name, password, changedOn, ...fields.slice(3, 7), '', ''] : fresh,
  );
  const access = before === undefined ? { mode: 0o640, gid: shadowGroup(draft) } : {};
  const after = isFound ? text : withLines(text, [fresh.join(':')]);
  draft.write(shadowFile, after, { ...access, secrets: [...hashesIn(before ?? ''), ...hashesIn(after)] });
}

const shadowGroup = (draft: RootDraft): number =>
  groupEntries(draft.text('/etc/group') ?? '').find(({ name }) => name === 'shadow')?.gid ?? 0;

/** Everybody's hashes, short marks such as `!*` left out. */
const hashesIn = (text: string): string[] =>
  linesOf(text)
    .map((line) => line.split(':')[1] ?? '')
    .filter((password) => password.length > 4);

const sudoersFile = '/etc/sudoers';
const ruleFile = '/etc/sudoers.d/010_piburn';

/** Whoever has no password to type gets a rule that asks for none. */
export function allowSudo(draft: RootDraft, name: string, withoutPassword: boolean): void {
  // The rule of an earlier burn, in the image of a card that piburn made.
  if (!withoutPassword) draft.remove(ruleFile);
  const sudoers = draft.text(sudoersFile);
  if (!withoutPassword || sudoers === undefined) return;
  if (!draft.isDirectory('/etc/sudoers.d')) draft.makeDirectory('/etc/sudoers.d', { mode: 0o750 });
  draft.write(ruleFile, `${name} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440, uid: 0, gid: 0 });
  // `#includedir` is no comment, and older versions know no other word.
  const included = linesOf(sudoers).some((line) => /^\s*[@#]includedir\s+\/etc\/sudoers\.d\/?\s*$/.test(line));
  if (!included) draft.write(sudoersFile, withLines(sudoers, ['#includedir /etc/sudoers.d']));
}

/** Adds keys to those that the image has, and makes the files such that sshd trusts them. */
export function authorizeKeys(draft: RootDraft, account: PasswdEntry, keys: readonly string[]): void {
  if (keys.length === 0) return;
  const { uid, gid, home } = account;
  const file = `${home}/.ssh/authorized_keys`;
  const before = draft.text(file) ?? '';
  const known = linesOf(before).map((line) => line.trim());
  const added = keys.map(byteString).filter((key) => !known.includes(key));
  draft.makeDirectory(`${home}/.ssh`, { mode: 0o700, uid, gid });
  draft.write(file, withLines(before, added), { mode: 0o600, uid, gid });
}
