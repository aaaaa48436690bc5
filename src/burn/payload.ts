// Files from the burner's own disk that go onto cards as they are: the directory of --files and the script of --firstboot.

import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkBootPath, checkFirstboot, maxFiles, maxFilesBytes } from '../customise/settings-check.js';
import { errnoOf, usageError } from '../errors.js';
import type { ExtraFile } from '../protocol.js';

/**
 * All files below a directory, in a fixed order; links are followed where they lead to files.
 * @throws PiburnError (usage) `FILES`, `FILE_PATH`, `FILES_TOO_LARGE`.
 */
export function readExtraFiles(directory: string, label: string): ExtraFile[] {
  const files: ExtraFile[] = [];
  let bytes = 0;
  for (const entry of entriesOf(directory, label)) {
    const path = join(entry.parentPath, entry.name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || (!stat.isFile() && !stat.isDirectory()) || (entry.isSymbolicLink() && stat.isDirectory()))
      throw usageError('FILES', `${label}: ${path} is neither a file nor a directory`, { hint: 'take it out' });
    if (!stat.isFile()) continue;
    bytes += stat.size;
    if (bytes > maxFilesBytes || files.length >= maxFiles)
      throw usageError(
        'FILES_TOO_LARGE',
        `${label}: there is more than fits: ${maxFiles} files, ${maxFilesBytes} bytes`,
        {
          hint: 'copy large files onto the Pi once it runs',
        },
      );
    const name = relative(directory, path);
    checkBootPath(name, label);
    files.push({ path: name, bytes: new Uint8Array(readFileSync(path)) });
  }
  if (files.length > 0) return files;
  throw usageError('FILES', `${label}: there are no files in ${directory}`, { hint: 'leave it out' });
}

function entriesOf(directory: string, label: string): Dirent[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries.toSorted((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1));
  } catch (error) {
    throw usageError('FILES', `${label}: ${directory} cannot be read (${errnoOf(error) ?? error})`, {
      hint: 'name a directory whose files are to go onto the boot partition',
    });
  }
}

/** The text of the script for the first boot. @throws PiburnError (usage) `FIRSTBOOT`. */
export function readFirstboot(path: string, label: string): string {
  const script = readScript(path, label);
  checkFirstboot(script, label);
  return script;
}

function readScript(path: string, label: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError('FIRSTBOOT', `${label}: ${path} cannot be read (${errnoOf(error) ?? error})`, {
      hint: 'name a script that is to run once on each card',
    });
  }
}
