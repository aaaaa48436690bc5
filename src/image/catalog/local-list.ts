// OS lists that are files: Raspberry Pi's JSON, or a `.rpi-imager-manifest`, which is the same. Parts of such a list
// may be files beside it or below; a list from somebody else must not make piburn read the rest of the disk.

import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { errnoOf, failure, PiburnError } from '../../errors.js';
import type { ListText } from './gather.js';
import { limits } from './os-list.js';

/** The file that a path or a file: URL names. */
export const pathOfList = (repo: string): string => resolve(repo.startsWith('file:') ? toPath(repo) : repo);

/**
 * Reads a list.
 * @throws PiburnError `LIST_UNREADABLE`.
 */
export function readLocalList(path: string): ListText {
  return { text: readText(path), url: pathToFileURL(path).href };
}

/**
 * Reads a part of the list at `listPath`.
 * @throws PiburnError `LIST_UNREADABLE`, or `LIST_OUTSIDE` when it does not lie in the list's directory.
 */
export function readLocalPart(listPath: string, url: string): ListText {
  const path = toPath(url);
  let real: string;
  try {
    const directory = realpathSync(dirname(listPath));
    real = realpathSync(path);
    if (!real.startsWith(directory.endsWith(sep) ? directory : directory + sep)) {
      throw failure('LIST_OUTSIDE', `${path} is not in the directory of the OS list ${listPath}`);
    }
  } catch (error) {
    throw error instanceof PiburnError ? error : unreadable(path, error);
  }
  return { text: readText(real), url };
}

function toPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw unreadable(url, error);
  }
}

function readText(path: string): string {
  try {
    // Opening a pipe would wait for somebody to write.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw failure('LIST_UNREADABLE', `the OS list ${path} is not a regular file`);
      if (status.size > limits.textBytes) throw failure('LIST_UNREADABLE', `the OS list ${path} is larger than 32 MiB`);
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof PiburnError ? error : unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): PiburnError =>
  failure('LIST_UNREADABLE', `the OS list ${path} cannot be read (${errnoOf(error) ?? error})`, {
    hint: 'name a URL or a file with a list in the format of os_list_imagingutility_v4.json',
  });
