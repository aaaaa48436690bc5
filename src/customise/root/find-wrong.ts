// A fresh look at a root file system after its edits: is everything there, as it was meant?

import type { Access, RootEdit, RootReader } from './root-edit.js';

/** The first thing that is not as the edits say, in words; undefined when all is well. */
export function findWrong(root: RootReader, edits: readonly RootEdit[]): string | undefined {
  // Of several edits of a path the last one counts.
  const last = new Map(edits.map((edit) => [edit.path, edit]));
  for (const edit of last.values()) {
    const wrong = wrongWith(root, edit);
    if (wrong !== undefined) return `${edit.path} ${wrong}`;
  }
  return undefined;
}

function wrongWith(root: RootReader, edit: RootEdit): string | undefined {
  const stat = root.stat(edit.path);
  switch (edit.kind) {
    case 'remove':
      return stat === undefined ? undefined : 'is still there';
    case 'rename':
      if (root.stat(edit.to) === undefined) return `is not at ${edit.to}`;
      return stat === undefined ? undefined : 'is still there';
    case 'symlink':
      return root.readlink(edit.path) === edit.target ? undefined : `does not point to ${edit.target}`;
    case 'directory':
      if (stat?.kind !== 'directory' || root.list(edit.path) === undefined) return 'is no directory';
      return hasAccess(stat, edit) ? undefined : 'has other permissions or another owner';
    case 'file': {
      if (stat?.kind !== 'file') return 'is no file';
      if (stat.sizeBytes !== edit.bytes.length) return `has ${stat.sizeBytes} bytes, not ${edit.bytes.length}`;
      const bytes = root.readFile(edit.path, edit.bytes.length);
      if (bytes === undefined || Buffer.compare(bytes, edit.bytes) !== 0) return 'has other bytes';
      return hasAccess(stat, edit) ? undefined : 'has other permissions or another owner';
    }
  }
}

const hasAccess = (stat: Access, wanted: Access): boolean =>
  stat.mode === wanted.mode && stat.uid === wanted.uid && stat.gid === wanted.gid;
