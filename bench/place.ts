// Where trials run: temporary directories that go away again, whatever happens in them.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for as long as `action` takes, in another one or in the system's place for such. */
export async function withDirectory<T>(action: (directory: string) => Promise<T>, place = tmpdir()): Promise<T> {
  const directory = realpathSync(mkdtempSync(join(place, 'piburn-bench-')));
  try {
    return await action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
