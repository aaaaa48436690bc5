// The state of a download, beside its file: which file of which server it is, and how much of it has reached the disk.
// It is replaced as a whole, so that a kill at any time leaves the old one or the new one.

import { constants, renameSync, rmSync } from 'node:fs';
import { given } from '../../given.js';
import { inStore, openInStore } from '../store-access.js';
import { plain } from './remote.js';

export interface DownloadState {
  /** The address that was asked for, without credentials. */
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly sizeBytes?: number;
  /** So many bytes at the beginning of the file belong to it, and are there even after a power cut. */
  readonly syncedBytes: number;
}

const statePath = (path: string): string => `${path}.state`;

/** The state of the download in `path`; undefined when there is none, or none that makes sense. */
export async function readState(path: string): Promise<DownloadState | undefined> {
  try {
    const { url, etag, lastModified, sizeBytes, syncedBytes }: Record<string, unknown> = JSON.parse(
      await readText(statePath(path)),
    );
    if (typeof url !== 'string' || !isCount(syncedBytes)) return undefined;
    return {
      url,
      syncedBytes,
      ...given({
        etag: plain(etag),
        lastModified: plain(lastModified),
        sizeBytes: isCount(sizeBytes) ? sizeBytes : undefined,
      }),
    };
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  const file = await openInStore(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export async function writeState(path: string, state: DownloadState): Promise<void> {
  const fresh = `${statePath(path)}.new`;
  const file = await openInStore(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.datasync();
  } finally {
    await file.close();
  }
  inStore(path, () => renameSync(fresh, statePath(path)));
}

export async function removeState(path: string): Promise<void> {
  inStore(path, () => rmSync(statePath(path), { force: true }));
}
