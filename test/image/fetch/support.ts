// What the tests of downloads share: a file in a folder of its own, little patience, and what came of it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { PiburnError } from '../../../src/errors.js';
import { openClient } from '../../../src/image/fetch/client.js';
import { type DownloadRequest, download } from '../../../src/image/fetch/download.js';
import type { Patience } from '../../../src/image/fetch/persist.js';
import type { Remote } from '../../../src/image/fetch/remote.js';
import { Growth } from '../../../src/image/growth.js';
import type { WebServer } from '../../fixtures/web-server.js';
import { scratchFolder, undo } from '../../native/scratch.js';

export const hurried: Partial<Patience> = { stallMs: 20_000, pauseMs: 1, pauseMaxMs: 4, retryAfterMaxMs: 20 };

export interface Outcome {
  readonly remote?: Remote & { readonly sizeBytes: number };
  readonly error?: PiburnError;
  readonly growth: Growth;
  readonly troubles: readonly string[];
  readonly started: readonly (Remote & { readonly resumedBytes: number })[];
  /** The file as it is now. */
  readonly bytes: Buffer;
}

/** A growth that counts how often it is finished. */
export class CountedGrowth extends Growth {
  finished = 0;
  override finish(state: 'complete' | 'failed'): void {
    this.finished++;
    super.finish(state);
  }
}

export const newPath = (t: TestContext): string => join(scratchFolder(t), 'KEY');

export function newClient(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const client = openClient(env);
  undo(t, () => void client.close());
  return client;
}

/** Downloads with a client of its own, whatever comes of it. */
export async function fetchInto(
  t: TestContext,
  path: string,
  url: string,
  changes: Partial<DownloadRequest> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const growth = new CountedGrowth(new SharedArrayBuffer(16));
  const troubles: string[] = [];
  const started: (Remote & { resumedBytes: number })[] = [];
  const request: DownloadRequest = {
    url,
    path,
    growth,
    cancelled: () => false,
    onTrouble: (message) => troubles.push(message),
    onStart: (remote) => started.push(remote),
    patience: hurried,
    ...changes,
  };
  const end = await download(newClient(t, env), request).then(
    (remote) => ({ remote }),
    (error: unknown) => {
      if (!(error instanceof PiburnError)) throw error;
      return { error };
    },
  );
  if (changes.growth === undefined && growth.finished !== 1)
    throw new Error(`the growth was finished ${growth.finished} times`);
  return { ...end, growth: request.growth, troubles, started, bytes: readFileSync(path) };
}

/** `Range` and `If-Range` of each GET. */
export const rangesAsked = ({ requests }: WebServer): (string | undefined)[] =>
  requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);

export const hasCode = (code: string) => (error: unknown) =>
  error instanceof PiburnError && error.failure.code === code;
