// Commands on what the store has: removing images, and reading them again.

import { type Failure, failure, toFailure, usageError } from '../errors.js';
import { type KeptImage, listKept, noteUse, removeKept } from '../image/kept.js';
import { openStore, storeDirectory } from '../image/store.js';
import { verifyKept } from '../image/verify-kept.js';
import type { BurnEvent } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import type { ImageWishes } from './options.js';

export interface DeleteWishes {
  readonly all: boolean;
  /** Those that were neither made nor burned for so long. */
  readonly olderThanMs?: number;
}

/**
 * Removes images by name, by age, or all.
 * @throws PiburnError `NOTHING_NAMED`, `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`, `IMAGE_IN_USE`.
 */
export async function deleteImages(
  names: readonly string[],
  { all, olderThanMs }: DeleteWishes,
  wishes: ImageWishes,
  env: NodeJS.ProcessEnv,
): Promise<KeptImage[]> {
  if (names.length === 0 && !all && olderThanMs === undefined)
    throw usageError('NOTHING_NAMED', 'no image was named', {
      hint: 'name one of `piburn image ls`, or say --all or --older-than=DAYS',
    });
  if (names.length > 0 && (all || olderThanMs !== undefined))
    throw usageError('OPTION_WITHOUT_EFFECT', 'images were named, and --all or --older-than given as well', {
      hint: 'leave one of them out',
    });
  const kept = listKept(openStore(storeDirectory(wishes.store, env)));
  const doomed =
    names.length > 0 ? names.map((name) => find(kept, name)) : kept.filter((one) => all || isOld(one, olderThanMs));
  const inUse = [...new Set(doomed)].filter((one) => !removeKept(one));
  const [first] = inUse;
  if (first !== undefined)
    throw failure('IMAGE_IN_USE', `another piburn is using ${inUse.map(({ name }) => name).join(', ')}`, {
      hint: 'wait until it is done; the others were removed',
    });
  return [...new Set(doomed)];
}

function isOld({ header, burnedAt }: KeptImage, olderThanMs = 0): boolean {
  const times = [header?.madeAt, burnedAt].map((time) => (time === undefined ? 0 : Date.parse(time)));
  return Date.now() - Math.max(...times) > olderThanMs;
}

/** The image that a name means: all of it, or a part that only one has. */
function find(kept: readonly KeptImage[], name: string): KeptImage {
  const wanted = name.toLowerCase();
  const exact = kept.filter((one) => one.name.toLowerCase() === wanted || one.place.key === name);
  const like = exact.length > 0 ? exact : kept.filter((one) => one.name.toLowerCase().includes(wanted));
  const [only, another] = like;
  if (only === undefined)
    throw usageError('IMAGE_UNKNOWN', `there is no image '${name}' in the store`, {
      hint: '`piburn image ls` lists them',
    });
  if (another === undefined) return only;
  throw usageError(
    'IMAGE_AMBIGUOUS',
    `'${name}' could be any of these:${like.map((one) => `\n  ${one.name} (${one.place.key})`).join('')}`,
    { hint: 'write more of the name, or the key in brackets' },
  );
}

export interface VerifiedImage {
  readonly name: string;
  /** What is wrong with it, if anything is. */
  readonly problem?: Failure;
}

/** Reads images again, all when none is named; a damaged one does not stop the others. */
export async function verifyImages(
  names: readonly string[],
  wishes: ImageWishes,
  env: NodeJS.ProcessEnv,
  emit: (event: BurnEvent) => void,
  cancel: Cancellation,
): Promise<VerifiedImage[]> {
  const kept = listKept(openStore(storeDirectory(wishes.store, env)));
  // What a raw file was before it changed cannot be read again; `image ls` calls it stale.
  const readable = kept.filter(({ state, spool }) => state !== 'stale' || spool !== undefined);
  const chosen = names.length === 0 ? readable : names.map((name) => find(kept, name));
  const results: VerifiedImage[] = [];
  for (const one of chosen) results.push(await verifyOne(one, emit, cancel));
  return results;
}

async function verifyOne(
  kept: KeptImage,
  emit: (event: BurnEvent) => void,
  cancel: Cancellation,
): Promise<VerifiedImage> {
  const startedMs = performance.now();
  const tell = (state: 'reading' | 'whole', doneBytes: number, totalBytes: number) =>
    emit({ type: 'image', state, how: 'read', doneBytes, totalBytes, elapsedMs: performance.now() - startedMs });
  let toldMs = 0;
  try {
    await verifyKept(kept, {
      cancelled: () => cancel.requested,
      onProgress: (doneBytes, totalBytes) => {
        const nowMs = performance.now();
        if (nowMs - toldMs < tellEveryMs && doneBytes < totalBytes) return;
        toldMs = nowMs;
        tell(doneBytes < totalBytes ? 'reading' : 'whole', doneBytes, totalBytes);
      },
    });
    noteUse(kept.place, { verifiedAt: new Date().toISOString() });
    return { name: kept.name };
  } catch (error) {
    const problem = toFailure(error);
    if (problem.kind === 'interrupted') throw error;
    return { name: kept.name, problem };
  }
}

const tellEveryMs = 100;
