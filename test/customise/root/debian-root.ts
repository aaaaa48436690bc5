// A small root of Debian as data, a reader of such data that stands in for a file system, and a node that asks for all.

import type { ExtName, ExtStat } from '../../../src/customise/ext/volume.js';
import { RootDraft } from '../../../src/customise/root/root-draft.js';
import type { RootEdit, RootReader } from '../../../src/customise/root/root-edit.js';
import { planRootEdits } from '../../../src/customise/root/root-files.js';
import type { Node } from '../../../src/protocol.js';

export interface TreeEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'fifo';
  /** A file's bytes, or a link's target. */
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** By absolute path; folders stand before what is in them. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** What differs from `debianFiles`: a text, a link (`-> target`), a folder (`/`), or nothing (undefined). */
export type Changes = Readonly<Record<string, string | Uint8Array | undefined>>;

const unit = (wantedBy: string, alias?: string) =>
  `[Unit]\nDescription=a service\n\n[Install]\nWantedBy=${wantedBy}\n${alias === undefined ? '' : `Alias=${alias}\n`}`;

export const debianFiles: Readonly<Record<string, string>> = {
  '/bin': '-> usr/bin',
  '/sbin': '-> usr/sbin',
  '/lib': '-> usr/lib',
  '/usr/bin/bash': 'an elf',
  '/usr/sbin/locale-gen': '#!/bin/sh\n',
  '/usr/lib/systemd/systemd': 'an elf',
  '/usr/lib/systemd/system/ssh.service': unit('multi-user.target', 'sshd.service'),
  '/usr/lib/systemd/system/NetworkManager.service': unit('multi-user.target'),
  '/usr/lib/systemd/system/getty@.service': unit('getty.target'),
  '/usr/lib/locale/C.utf8/LC_CTYPE': 'compiled',
  '/usr/share/i18n/locales/en_GB': 'LC_IDENTIFICATION\n',
  '/usr/share/zoneinfo/Europe/London': 'TZif',
  '/usr/share/zoneinfo/Europe/Belfast': '-> London',
  '/etc/debian_version': '12.9\n',
  '/etc/default/keyboard': '# KEYBOARD CONFIGURATION FILE\n\nXKBMODEL="pc105"\nXKBLAYOUT="us"\nXKBVARIANT=""\n',
  '/etc/default/locale': '# made by hand\nLANG=C.UTF-8\n',
  '/etc/group': 'root:x:0:\nadm:x:4:pi\nsudo:x:27:pi\nvideo:x:44:pi,games\nshadow:x:42:\npi:x:1000:\n',
  '/etc/gshadow': 'root:*::\nadm:*::pi\nsudo:*:pi:pi\nvideo:*::pi,games\nshadow:*::\npi:!::\n',
  '/etc/hostname': 'raspberrypi\n',
  '/etc/hosts':
    '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost\n\n# mine\n10.0.0.9 printer\n127.0.1.1\traspberrypi\n',
  '/etc/locale.gen': '# a list\n# de_DE.UTF-8 UTF-8\n# en_GB.UTF-8 UTF-8\n# en_GB ISO-8859-1\n',
  '/etc/localtime': '-> /usr/share/zoneinfo/Etc/UTC',
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\ngames:x:5:4:games:/usr/games:/usr/sbin/nologin\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n',
  '/etc/resolv.conf': '-> /run/systemd/resolve/stub-resolv.conf',
  '/etc/shadow': 'root:*:19000:0:99999:7:::\ngames:*:19000:0:99999:7:::\npi:$6$old$oldhash:19000:0:99999:7::1:\n',
  '/etc/skel/.profile': '# profile\n',
  '/etc/ssh/sshd_config':
    '# sshd\nInclude /etc/ssh/sshd_config.d/*.conf\n#PasswordAuthentication yes\nSubsystem sftp /usr/lib/sftp\n',
  '/etc/ssh/sshd_config.d': '/',
  '/etc/subgid': 'pi:100000:65536\n',
  '/etc/subuid': 'pi:100000:65536\n',
  '/etc/sudoers': '# sudo\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
  '/etc/sudoers.d/010_pi-nopasswd': 'pi ALL=(ALL) NOPASSWD: ALL\n',
  '/etc/sudoers.d/010_pi-nopasswd.bak': 'pi ALL=(ALL) NOPASSWD: ALL\n',
  '/etc/systemd/system/multi-user.target.wants/NetworkManager.service': '-> /lib/systemd/system/NetworkManager.service',
  '/etc/timezone': 'Etc/UTC\n',
  '/home/pi/.bashrc': '# bashrc\n',
  '/var/mail': '/',
  '/var/spool/cron/crontabs/pi': '0 * * * * true\n',
  '/var/log': '/',
};

const modes: Readonly<Record<string, number>> = {
  '/etc/shadow': 0o640,
  '/etc/gshadow': 0o640,
  '/etc/sudoers': 0o440,
  '/etc/sudoers.d/010_pi-nopasswd': 0o440,
  '/usr/lib/systemd/systemd': 0o755,
};
const groups: Readonly<Record<string, number>> = { '/etc/shadow': 42, '/etc/gshadow': 42 };

/** The files of a Debian with a first user `pi`, as they are changed. */
export function debianTree(changes: Changes = {}): Tree {
  const wanted = { ...debianFiles, ...changes };
  const tree = new Map<string, TreeEntry>();
  for (const path of Object.keys(wanted).sort()) {
    const content = wanted[path];
    if (content === undefined) continue;
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) addEntry(tree, path.slice(0, at), '/');
    addEntry(tree, path, content);
  }
  return tree;
}

function addEntry(tree: Map<string, TreeEntry>, path: string, content: string | Uint8Array): void {
  if (tree.has(path)) return;
  const owner = path.startsWith('/home/pi') ? { uid: 1000, gid: 1000 } : { uid: 0, gid: groups[path] ?? 0 };
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  if (content === '/') tree.set(path, { kind: 'directory', content: bytes(''), mode: 0o755, ...owner });
  else if (content === '|') tree.set(path, { kind: 'fifo', content: bytes(''), mode: 0o644, ...owner });
  else if (typeof content === 'string' && content.startsWith('-> ')) {
    tree.set(path, { kind: 'symlink', content: bytes(content.slice(3)), mode: 0o777, ...owner });
  } else {
    const stored = typeof content === 'string' ? bytes(content) : content;
    tree.set(path, { kind: 'file', content: stored, mode: modes[path] ?? 0o644, ...owner });
  }
}

/** Answers as `ExtVolume` does for paths without symbolic links, which are all that a draft asks for. */
export class FakeRoot implements RootReader {
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  stat(path: string): ExtStat | undefined {
    const entry = this.#tree.get(path);
    if (entry === undefined) return undefined;
    const { kind, mode, uid, gid, content } = entry;
    return { kind, mode, uid, gid, sizeBytes: content.length, modifiedAt: new Date(0) };
  }

  readlink(path: string): string | undefined {
    const entry = this.#tree.get(path);
    return entry?.kind === 'symlink' ? Buffer.from(entry.content).toString() : undefined;
  }

  readFile(path: string): Uint8Array | undefined {
    const entry = this.#tree.get(path);
    return entry?.kind === 'file' ? entry.content : undefined;
  }

  list(path: string): readonly ExtName[] | undefined {
    if (path !== '/' && this.#tree.get(path)?.kind !== 'directory') return undefined;
    const start = path === '/' ? '/' : `${path}/`;
    return [...this.#tree]
      .filter(([each]) => each.startsWith(start) && !each.slice(start.length).includes('/'))
      .map(([each, { kind }]) => ({ name: each.slice(start.length), kind }));
  }
}

export const now = new Date('2026-02-03T04:05:06Z');
/** `now` as the days that shadow counts. */
export const today = '20487';

export const hash = '$6$saltsalt$abcdefghijklmnopqrstuvwxyz';
export const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx3 alice@laptop';
export const psk = '0123456789abcdef'.repeat(4);

/** A node that asks for nothing but what is given. */
export const nodeWith = (fields: Partial<Node>): Node => ({ hostname: '', dns: [], ...fields });

export const fullNode: Node = {
  hostname: 'red001',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  ipv6: { address: 'fd00::2', prefixLength: 64 },
  gateway6: 'fd00::1',
  dns: ['10.1.1.1', 'fd00::1'],
  search: ['lab.example'],
  user: { name: 'alice', passwordHash: hash, authorizedKeys: [key] },
  wifi: { ssid: 'My Net', psk, hidden: true },
  country: 'GB',
  locale: 'en_GB.UTF-8',
  timezone: 'Europe/London',
  keymap: 'de(nodeadkeys)',
  hosts: [
    { address: '10.1.1.2', names: ['red001'] },
    { address: '10.1.1.3', names: ['red002', 'r2'] },
  ],
  firstboot: '#!/bin/sh\necho hello\n',
};

/** The edits for a node on a root. */
export const edits = (fields: Partial<Node>, tree: Tree = debianTree()): RootEdit[] =>
  planRootEdits(nodeWith(fields), new FakeRoot(tree), 'burn-1', now);

/** A root with its edits made, to be asked for texts: by a draft over the edited tree. */
export function edited(fields: Partial<Node>, tree: Tree = debianTree()): RootDraft {
  return new RootDraft(new FakeRoot(withEdits(tree, edits(fields, tree))));
}

/** What a tree becomes; an edit that could not be made throws. */
export function withEdits(tree: Tree, list: readonly RootEdit[]): Tree {
  const result = new Map(tree);
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/')) || '/';
  for (const edit of list) {
    const folder = folderOf(edit.path);
    if (folder !== '/' && result.get(folder)?.kind !== 'directory') throw new Error(`no folder for ${edit.path}`);
    makeIn(result, edit);
  }
  return new Map([...result].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function makeIn(tree: Map<string, TreeEntry>, edit: RootEdit): void {
  const there = tree.get(edit.path);
  const expect = (isRight: boolean) => {
    if (!isRight) throw new Error(`${edit.kind} ${edit.path}: ${there?.kind} is in the way`);
  };
  if (edit.kind === 'file') {
    expect(there?.kind === (edit.before === undefined ? undefined : 'file'));
    tree.set(edit.path, { ...edit, content: edit.bytes });
  } else if (edit.kind === 'directory') {
    expect(there?.kind === (edit.isNew ? undefined : 'directory'));
    tree.set(edit.path, { ...edit, content: new Uint8Array(0) });
  } else if (edit.kind === 'symlink') {
    expect(there === undefined);
    tree.set(edit.path, { kind: 'symlink', content: Buffer.from(edit.target), mode: 0o777, uid: 0, gid: 0 });
  } else if (edit.kind === 'remove') {
    expect(there !== undefined && there.kind !== 'directory');
    tree.delete(edit.path);
  } else {
    expect(there !== undefined && !tree.has(edit.to));
    for (const [path, entry] of [...tree]) {
      if (path !== edit.path && !path.startsWith(`${edit.path}/`)) continue;
      tree.delete(path);
      tree.set(edit.to + path.slice(edit.path.length), entry);
    }
  }
}
