// Volumes that are only data: texts by path, and the tree of a small Debian.

import type { VolumeView } from '../../../src/customise/read-back/view.js';
import { FakeRoot, type Tree } from '../root/debian-root.js';

export const viewOf = (files: Readonly<Record<string, string>>): VolumeView => ({
  readFile: (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
  exists: (path) => files[path] !== undefined,
  stat: (path) => (files[path] === undefined ? undefined : { name: path, kind: 'file', sizeBytes: files[path].length }),
  list: () => Object.keys(files).sort(),
});

export function viewOfTree(tree: Tree): VolumeView {
  const root = new FakeRoot(tree);
  return {
    readFile: (path) => root.readFile(path),
    exists: (path) => root.stat(path) !== undefined,
    stat: (path) => {
      const found = root.stat(path);
      if (found === undefined) return undefined;
      const target = root.readlink(path);
      const kind =
        found.kind === 'file' || found.kind === 'directory' || found.kind === 'symlink' ? found.kind : 'other';
      return { name: path, kind, sizeBytes: found.sizeBytes, ...(target === undefined ? {} : { target }) };
    },
    list: (path) => root.list(path)?.map(({ name }) => name),
  };
}
