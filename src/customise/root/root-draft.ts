// A root file system with edits that are not made yet: steps of the plan read from it what earlier steps have changed,
// and in the end it tells the edits, without those that would change nothing.

import { failure } from '../../errors.js';
import { given } from '../../given.js';
import { type Access, childOf, nameOf, parentOf, type RootEdit, type RootReader } from './root-edit.js';

/** What is at a path, not followed. */
type Entry =
  | FileEntry
  | ({ readonly kind: 'directory' } & Access)
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'nothing' };

interface FileEntry extends Access {
  readonly kind: 'file';
  /** Undefined: as the image has them. */
  readonly bytes?: Uint8Array;
  readonly secrets: readonly string[];
  readonly copyOf?: string;
}

/** What may be said of a file besides its content. */
type FileOptions = Partial<Pick<FileEntry, keyof Access | 'secrets' | 'copyOf'>>;

/** The kernel's limit of links on the way to a file. */
const maxLinks = 40;
/** Far above what the text files have that are edited here. */
const maxFileBytes = 1024 * 1024;
/** What is found here on the running system is not what the image has here. */
const mountedOver = /^\/(?:dev|proc|run|sys|tmp)(?:\/|$)/;

const rootFile: Access = { mode: 0o644, uid: 0, gid: 0 };
const rootFolder: Access = { mode: 0o755, uid: 0, gid: 0 };

/**
 * Paths may go through symbolic links, which are followed inside the volume.
 * Everything throws PiburnError `ROOT_ODD_FILE` where a path leads to something of another kind than expected.
 */
export class RootDraft {
  readonly #reader: RootReader;
  readonly #entries = new Map<string, Entry>();
  /** What the reader said, by the path in the image. */
  readonly #seen = new Map<string, Entry>();
  readonly #renames: { readonly path: string; readonly to: string }[] = [];

  constructor(reader: RootReader) {
    this.#reader = reader;
  }

  isFile(path: string): boolean {
    return this.#entry(this.#follow(path)).kind === 'file';
  }

  isDirectory(path: string): boolean {
    return this.#entry(this.#follow(path)).kind === 'directory';
  }

  /** Whether there is anything, a symbolic link that leads nowhere included. */
  has(path: string): boolean {
    return this.#entry(this.#realPath(path)).kind !== 'nothing';
  }

  /** Where the symbolic link at a path points; undefined when there is none. */
  linkTarget(path: string): string | undefined {
    const entry = this.#entry(this.#realPath(path));
    return entry.kind === 'symlink' ? entry.target : undefined;
  }

  /** The text of a file; undefined when there is none. */
  text(path: string): string | undefined {
    const bytes = this.bytes(path);
    return bytes && Buffer.from(bytes).toString('latin1');
  }

  bytes(path: string, limitBytes: number = maxFileBytes): Uint8Array | undefined {
    const real = this.#follow(path);
    const entry = this.#entry(real);
    if (entry.kind !== 'file') return undefined;
    return entry.bytes ?? this.#reader.readFile(this.#unrenamed(real), limitBytes);
  }

  /** Permission bits and owner of a file or directory; undefined when there is neither. */
  access(path: string): Access | undefined {
    const entry = this.#entry(this.#follow(path));
    if (entry.kind !== 'file' && entry.kind !== 'directory') return undefined;
    return { mode: entry.mode, uid: entry.uid, gid: entry.gid };
  }

  /** Where a path leads, links followed: the real path of something, or of where it would be. */
  whereIs(path: string): string {
    return this.#follow(path);
  }

  /** The names in a directory, in the order of code units; none when there is no directory. */
  names(path: string): string[] {
    const folder = this.#follow(path);
    if (this.#entry(folder).kind !== 'directory') return [];
    const stored = this.#reader.list(this.#unrenamed(folder)) ?? [];
    const names = new Set(stored.map(({ name }) => name));
    for (const known of this.#entries.keys()) if (parentOf(known) === folder) names.add(nameOf(known));
    return [...names].filter((name) => this.#entry(childOf(folder, name)).kind !== 'nothing').sort();
  }

  /**
   * Gives a file this text. What is not said of permissions and owner stays as it is, and is 0644 of root for a new
   * file. A link that leads nowhere in the image is replaced by a file, and missing folders are made.
   */
  write(path: string, content: string | Uint8Array, options: FileOptions = {}): void {
    const place = this.#placeToWrite(path);
    const there = this.#entry(place);
    if (there.kind === 'directory' || there.kind === 'other') throw odd(place, 'is no regular file');
    const known: FileEntry = there.kind === 'file' ? there : { kind: 'file', ...rootFile, secrets: [] };
    this.makeDirectory(parentOf(place));
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    this.#entries.set(place, { ...known, ...options, bytes });
  }

  /** Makes a directory and those above it; one that exists gets what is said of permissions and owner. */
  makeDirectory(path: string, access: Partial<Access> = {}): void {
    const place = this.#follow(path);
    const there = this.#entry(place);
    if (there.kind === 'directory') {
      if (Object.keys(access).length > 0) this.#entries.set(place, { ...there, ...access });
      return;
    }
    if (there.kind !== 'nothing') throw odd(place, 'is no directory');
    this.makeDirectory(parentOf(place));
    this.#entries.set(place, { kind: 'directory', ...rootFolder, ...access });
  }

  /** Puts a symbolic link there, in place of a file or link. */
  link(path: string, target: string): void {
    const place = this.#realPath(path);
    const { kind } = this.#entry(place);
    if (kind === 'directory' || kind === 'other') throw odd(place, 'is neither a file nor a symbolic link');
    this.makeDirectory(parentOf(place));
    this.#entries.set(place, { kind: 'symlink', target });
  }

  /** Removes a file or symbolic link, if there is one. */
  remove(path: string): void {
    const place = this.#realPath(path);
    const { kind } = this.#entry(place);
    if (kind === 'directory' || kind === 'other') throw odd(place, 'is neither a file nor a symbolic link');
    if (kind !== 'nothing') this.#entries.set(place, { kind: 'nothing' });
  }

  /** Renames something within its folder, with all that is in it; must come before edits below either path. */
  rename(path: string, name: string): void {
    const from = this.#realPath(path);
    const to = childOf(parentOf(from), name);
    if (this.#entry(to).kind !== 'nothing') throw odd(to, `exists, so that ${from} cannot get this name`);
    this.#renames.push({ path: from, to });
  }

  /** What is to be done: renaming first, then the rest in the order of the steps. */
  edits(): RootEdit[] {
    const renames = this.#renames.map((rename): RootEdit => ({ kind: 'rename', ...rename }));
    return [...renames, ...[...this.#entries].flatMap(([path, entry]) => this.#edits(path, entry))];
  }

  #edits(path: string, entry: Entry): RootEdit[] {
    const stored = this.#stored(path);
    const edit = this.#edit(path, entry, stored);
    if (edit === undefined) return [];
    const isInTheWay = stored.kind !== 'nothing' && stored.kind !== entry.kind && edit.kind !== 'remove';
    const isOtherLink = stored.kind === 'symlink' && edit.kind === 'symlink';
    return isInTheWay || isOtherLink ? [{ kind: 'remove', path }, edit] : [edit];
  }

  #edit(path: string, entry: Entry, stored: Entry): RootEdit | undefined {
    if (entry.kind === 'nothing') return stored.kind === 'nothing' ? undefined : { kind: 'remove', path };
    if (entry.kind === 'other') return undefined;
    if (entry.kind === 'symlink') {
      const isSame = stored.kind === 'symlink' && stored.target === entry.target;
      return isSame ? undefined : { kind: 'symlink', path, target: entry.target };
    }
    const { mode, uid, gid } = entry;
    const isSame = stored.kind === entry.kind && stored.mode === mode && stored.uid === uid && stored.gid === gid;
    if (entry.kind === 'directory') {
      return isSame ? undefined : { kind: 'directory', path, isNew: stored.kind === 'nothing', mode, uid, gid };
    }
    const { bytes = new Uint8Array(0), secrets, copyOf } = entry;
    const before = stored.kind === 'file' ? this.#reader.readFile(this.#unrenamed(path), maxFileBytes) : undefined;
    if (isSame && before !== undefined && Buffer.compare(before, bytes) === 0) return undefined;
    return { kind: 'file', path, bytes, ...given({ before, copyOf }), secrets, mode, uid, gid };
  }

  /** A link is written through, unless what it leads to is not in the image. */
  #placeToWrite(path: string): string {
    const itself = this.#realPath(path);
    if (this.#entry(itself).kind !== 'symlink') return itself;
    const target = this.#follow(path);
    return this.#entry(target).kind === 'nothing' || mountedOver.test(target) ? itself : target;
  }

  /** The path with links followed, except for one at its end. */
  #realPath(path: string): string {
    return childOf(this.#follow(parentOf(path)), nameOf(path));
  }

  #follow(path: string): string {
    const names = namesOf(path).reverse();
    let here = '/';
    let linksLeft = maxLinks;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const next = name === '..' ? parentOf(here) : childOf(here, name);
      const entry = this.#entry(next);
      if (entry.kind === 'symlink') {
        if (linksLeft-- === 0) throw odd(path, 'is behind symbolic links that go round in circles');
        if (entry.target.startsWith('/')) here = '/';
        names.push(...namesOf(entry.target).reverse());
      } else here = next;
    }
    return here;
  }

  #entry(realPath: string): Entry {
    return this.#entries.get(realPath) ?? this.#stored(realPath);
  }

  /** What the image has there, or had under another name. */
  #stored(realPath: string): Entry {
    if (realPath === '/') return { kind: 'directory', ...rootFolder };
    if (this.#renames.some(({ path }) => isWithin(realPath, path))) return { kind: 'nothing' };
    const path = this.#unrenamed(realPath);
    const known = this.#seen.get(path) ?? this.#look(path);
    this.#seen.set(path, known);
    return known;
  }

  #look(path: string): Entry {
    const stat = this.#reader.stat(path);
    if (stat === undefined) return { kind: 'nothing' };
    const { kind, mode, uid, gid } = stat;
    if (kind === 'symlink') return { kind, target: this.#reader.readlink(path) ?? '' };
    if (kind === 'directory') return { kind, mode, uid, gid };
    return kind === 'file' ? { kind, mode, uid, gid, secrets: [] } : { kind: 'other' };
  }

  #unrenamed(path: string): string {
    const rename = this.#renames.find(({ to }) => isWithin(path, to));
    return rename === undefined ? path : `${rename.path}${path.slice(rename.to.length)}`;
  }
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

const odd = (path: string, problem: string) =>
  failure('ROOT_ODD_FILE', `${path} in the root of the image ${problem}`, {
    hint: 'look at the image with debugfs or on a Pi; it is not as its system makes it',
  });
