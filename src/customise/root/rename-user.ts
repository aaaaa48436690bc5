// The image's first user gets another name, everywhere that the old one stands: what usermod -l, usermod -m, groupmod -n
// and Raspberry Pi OS's own renaming (userconf-pi) do together.

import { groupEntries, mapEntry, mapMembers, type PasswdEntry, withField } from './accounts.js';
import type { RootDraft } from './root-draft.js';
import { nameOf } from './root-edit.js';
import { mapLines } from './text-lines.js';

/** Things that carry the name of their user. */
const namedAfterUsers = ['/var/spool/cron/crontabs', '/var/mail', '/var/lib/systemd/linger'];

/** Settings that log the first user in without a question: the part before the name. */
const autologins: readonly (readonly [path: string, before: RegExp])[] = [
  ['/etc/systemd/system/getty@tty1.service.d/autologin.conf', /^(.*--autologin\s+)(\S+)(.*)$/],
  ['/etc/lightdm/lightdm.conf', /^(\s*autologin-user\s*=\s*)(\S+)(.*)$/],
];

export function renameUser(draft: RootDraft, old: PasswdEntry, name: string): PasswdEntry {
  const home = old.home === `/home/${old.name}` ? `/home/${name}` : old.home;
  if (home !== old.home && draft.has(old.home)) draft.rename(old.home, name);
  for (const folder of namedAfterUsers) {
    if (draft.has(`${folder}/${old.name}`)) draft.rename(`${folder}/${old.name}`, name);
  }
  renameIn(draft, '/etc/passwd', old.name, (fields) => withField(withField(fields, 0, name), 5, home));
  for (const path of ['/etc/shadow', '/etc/subuid', '/etc/subgid']) {
    renameIn(draft, path, old.name, (fields) => withField(fields, 0, name));
  }
  renameInGroups(draft, old, name);
  for (const path of ['/etc/sudoers', ...draft.names('/etc/sudoers.d').map((file) => `/etc/sudoers.d/${file}`)]) {
    change(draft, path, (line) =>
      line.replace(/^(\s*)(\S+)(?=\s)/, (all, space, who) => (who === old.name ? space + name : all)),
    );
  }
  for (const [path, pattern] of autologins) {
    change(draft, path, (line) =>
      line.replace(pattern, (all, before, who, after) => (who === old.name ? before + name + after : all)),
    );
  }
  return { ...old, name, home };
}

function renameInGroups(draft: RootDraft, old: PasswdEntry, name: string): void {
  const own = groupEntries(draft.text('/etc/group') ?? '').find((group) => group.gid === old.gid)?.name;
  for (const [path, lists] of [
    ['/etc/group', 1],
    ['/etc/gshadow', 2],
  ] as const) {
    const text = draft.text(path);
    if (text === undefined) continue;
    const members = mapMembers(text, lists, (list) => list.map((member) => (member === old.name ? name : member)));
    // A primary group of another name, such as users, belongs to others too.
    draft.write(path, own === old.name ? mapEntry(members, own, (fields) => withField(fields, 0, name)).text : members);
  }
}

function renameIn(
  draft: RootDraft,
  path: string,
  name: string,
  change: (fields: readonly string[]) => readonly string[],
): void {
  const text = draft.text(path);
  if (text !== undefined) draft.write(path, mapEntry(text, name, change).text);
}

function change(draft: RootDraft, path: string, line: (line: string) => string): void {
  // Files that sudo leaves out, such as those of an editor or a package manager, are not touched either.
  if (/[.~]/.test(nameOf(path)) && path.startsWith('/etc/sudoers.d/')) return;
  const text = draft.text(path);
  if (text !== undefined) draft.write(path, mapLines(text, line));
}
