// From a path to an inode, through directories and symbolic links, and never out of the volume.

import { readTarget } from './content.js';
import { entriesOf, newBudget } from './directory.js';
import { type Inode, readInode, rootInode } from './inode.js';
import type { Medium } from './medium.js';

const maxLinks = 20;
/** What a path with all its links may have in names to go through. */
const maxNames = 4096;

/**
 * The inode at a path; undefined when there is none, or when the links on the way go round in circles.
 * @param links whether a symbolic link at the end is followed too.
 */
export function findInode(medium: Medium, path: string, links: 'follow' | 'keep'): Inode | undefined {
  const budget = newBudget();
  const names = namesOf(path).reverse();
  let trail = [readRoot(medium)];
  let linksLeft = maxLinks;
  let namesLeft = maxNames;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const here = trail.at(-1);
    if (here?.kind !== 'directory' || namesLeft-- === 0) return undefined;
    if (name === '..') {
      // The root is its own parent.
      if (trail.length > 1) trail.pop();
      continue;
    }
    const inode = findIn(medium, here, name, budget);
    if (inode === undefined) return undefined;
    if (inode.kind === 'symlink' && (links === 'follow' || names.length > 0)) {
      const target = readTarget(medium, inode);
      if (target === '' || linksLeft-- === 0) return undefined;
      if (target.startsWith('/')) trail = trail.slice(0, 1);
      names.push(...namesOf(target).reverse());
    } else trail.push(inode);
  }
  return trail.at(-1);
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

function readRoot(medium: Medium): Inode {
  const root = readInode(medium, rootInode);
  if (root.kind !== 'directory') throw medium.damaged('its root is no directory');
  return root;
}

function findIn(
  medium: Medium,
  directory: Inode,
  name: string,
  budget: ReturnType<typeof newBudget>,
): Inode | undefined {
  const wanted = Buffer.from(name);
  for (const entry of entriesOf(medium, directory, budget)) {
    if (wanted.equals(entry.name)) return readInode(medium, entry.inode);
  }
  return undefined;
}
