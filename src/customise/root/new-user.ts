// A user for an image that has none: what useradd -m does, with the groups of Debian's default user.

import { failure } from '../../errors.js';
import { freeId, groupEntries, mapMembers, type PasswdEntry, subordinateLine } from './accounts.js';
import { loginShell } from './login.js';
import type { RootDraft } from './root-draft.js';
import { withLines } from './text-lines.js';

/** Those of Raspberry Pi OS and Debian; the ones that the image has are joined. */
const usualGroups = [
  ...['adm', 'dialout', 'cdrom', 'sudo', 'audio', 'video', 'plugdev', 'games', 'users', 'input', 'render', 'netdev'],
  ...['gpio', 'i2c', 'spi'],
];

/** Without a password yet: that is set for every user, new or not. */
export function makeUser(draft: RootDraft, name: string, uid: number): PasswdEntry {
  const groups = groupEntries(draft.text('/etc/group') ?? '');
  const gid = freeId(
    uid,
    groups.map((group) => group.gid),
  );
  const home = `/home/${name}`;
  const shell = loginShell(draft);
  append(draft, '/etc/passwd', `${name}:x:${uid}:${gid}::${home}:${shell}`);
  append(draft, '/etc/group', `${name}:x:${gid}:`);
  append(draft, '/etc/gshadow', `${name}:!::`);
  joinGroups(draft, name);
  for (const path of ['/etc/subuid', '/etc/subgid']) {
    const text = draft.text(path);
    if (text !== undefined) append(draft, path, subordinateLine(text, name));
  }
  return { name, uid, gid, home, shell };
}

function joinGroups(draft: RootDraft, name: string): void {
  for (const path of ['/etc/group', '/etc/gshadow']) {
    const text = draft.text(path);
    if (text === undefined) continue;
    const joined = mapMembers(text, 1, (members, group) =>
      usualGroups.includes(group) && !members.includes(name) ? [...members, name] : members,
    );
    draft.write(path, joined);
  }
}

function append(draft: RootDraft, path: string, line: string): void {
  const text = draft.text(path);
  if (text !== undefined) draft.write(path, withLines(text, [line]));
}

const maxSkeletonFiles = 1000;

/** A home folder with what /etc/skel has, if there is none. */
export function makeHome(draft: RootDraft, { home, uid, gid }: PasswdEntry): void {
  if (draft.isDirectory(home)) return;
  draft.makeDirectory(home, { mode: 0o700, uid, gid });
  const left = { files: maxSkeletonFiles };
  copyFolder(draft, '/etc/skel', home, { uid, gid }, left);
}

function copyFolder(
  draft: RootDraft,
  from: string,
  to: string,
  owner: { readonly uid: number; readonly gid: number },
  left: { files: number },
): void {
  for (const name of draft.names(from)) {
    if (left.files-- === 0) throw tooMany();
    const [source, place] = [`${from}/${name}`, `${to}/${name}`];
    const target = draft.linkTarget(source);
    const mode = draft.access(source)?.mode ?? 0;
    if (target !== undefined) draft.link(place, target);
    else if (draft.isDirectory(source)) {
      draft.makeDirectory(place, { mode, ...owner });
      copyFolder(draft, source, place, owner, left);
    } else if (draft.isFile(source)) draft.write(place, draft.bytes(source) ?? '', { mode, ...owner, copyOf: source });
  }
}

const tooMany = () =>
  failure('ROOT_ODD_FILE', `/etc/skel in the root of the image has more than ${maxSkeletonFiles} files`, {
    hint: 'look at the image with debugfs or on a Pi; it is not as its system makes it',
  });
