// Opens an image for burning: finds its spool in the store or starts making one, and hands out where to read it, its
// segment map (perhaps still growing) and the promise of its being whole. The decoded image is made once for all cards.

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { PiburnError } from '../errors.js';
import { given } from '../given.js';
import type { FileLock } from '../native.js';
import { chooseDecoder, type Decoder } from './decode.js';
import { checkDiskImage, cutShort, headBytes } from './disk-image.js';
import { readMap, writeMap } from './map-file.js';
import { SegmentTable } from './segment-table.js';
import { type ImageSource, openSource } from './source.js';
import type { SpoolOutcome, SpoolTask } from './spool-worker.js';
import * as store from './store.js';

export interface ImageOptions {
  readonly store: store.Store;
  readonly decoder: 'auto' | 'xz' | 'lzma-native';
  /** Called once when another piburn is at work on the same image. */
  readonly onWait: (name: string) => void;
  readonly cancelled: () => boolean;
}

export interface OpenImage {
  readonly name: string;
  /** The decoded image: a spool, or the raw file itself. Exists from `reading` on, up to the table's watermark. */
  readonly path: string;
  readonly table: SegmentTable;
  readonly how: 'decode' | 'read' | 'reuse';
  readonly decoder?: Decoder;
  /** Resolves when the image is decoded, checked and kept; rejects with a PiburnError when it is broken. */
  readonly whole: Promise<WholeImage>;
  /** Stops a decode at its next window. */
  cancel(): void;
  /** Gives the image back to the store; a spool that nobody can find again is removed. */
  close(): Promise<void>;
}

export interface WholeImage {
  readonly imageBytes: number;
  readonly layout: readonly string[];
}

/**
 * Opens `image` (a path, or `-`).
 * @throws PiburnError as `openSource`; `IMAGE_NOT_A_DISK`, `IMAGE_TRUNCATED`, `STORE_UNUSABLE`, `DECODER_MISSING`.
 */
export async function openImage(image: string, options: ImageOptions): Promise<OpenImage> {
  const source = await openSource(image);
  try {
    if (isItsOwnSpool(source)) checkRawFile(source);
    const place = store.placeFor(options.store, source.identity);
    const use = {
      reuse: (lock: FileLock) => reuse(source, place, lock),
      make: async (lock: FileLock) =>
        make(source, place, lock, await chooseDecoder(source.format, options.decoder), options.store),
    };
    return await store.claimPlace(place, use, () => options.onWait(source.name), options.cancelled);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** A raw file needs no copy: it is read where it lies. A raw stream does. */
const isItsOwnSpool = (source: ImageSource): boolean => source.format === 'raw' && source.identity !== undefined;

/** What can be said of a raw file at once, before it is read through. */
function checkRawFile(source: ImageSource): void {
  const first = Buffer.alloc(headBytes);
  const length = readSync(source.descriptor, first, 0, headBytes, 0);
  const claimedBytes = checkDiskImage(first.subarray(0, length), source.name);
  const short = cutShort(source.name, source.imageBytes ?? 0, claimedBytes);
  if (short !== undefined) throw short;
}

/** The image as an earlier run left it in the store, or undefined. */
function reuse(source: ImageSource, place: store.StorePlace, lock: FileLock): OpenImage | undefined {
  const kept = readMap(join(place.directory, 'map'));
  const path = spoolPath(source, place);
  if (kept === undefined || !existsSync(path) || statSync(path).size !== kept.header.imageBytes) return undefined;
  source.close();
  return {
    name: source.name,
    path,
    table: kept.table,
    how: 'reuse',
    whole: Promise.resolve(kept.header),
    cancel: () => undefined,
    close: async () => lock.close(),
  };
}

const spoolPath = (source: ImageSource, place: store.StorePlace): string =>
  isItsOwnSpool(source) ? (source.identity?.path ?? '') : join(place.directory, 'image');

/**
 * Starts bringing the image in. Until it is whole it lies in the place's partial directory; a descriptor path keeps it
 * readable under one name before and after the rename.
 */
function make(
  source: ImageSource,
  place: store.StorePlace,
  lock: FileLock,
  decoder: Decoder,
  inStore: store.Store,
): OpenImage {
  store.beginPlace(place);
  const table = SegmentTable.create(source.imageBytes);
  const partialSpool = join(place.partial, 'image');
  const own = isItsOwnSpool(source);
  if (!own) closeSync(openSync(partialSpool, 'wx', 0o600));
  const reader = openSync(own ? (source.identity?.path ?? '') : partialSpool, 'r');
  const whole = bringIn(source, table, decoder, own ? undefined : partialSpool).then((image) => {
    keep(place, table, image, source);
    lock.change('shared');
    if (source.identity !== undefined) store.removeStale(inStore, place, source.identity);
    return image;
  });
  // Whoever awaits `whole` sees the error; nobody awaiting it yet must not end the process.
  const settled = whole.then(
    () => true,
    () => false,
  );
  return {
    name: source.name,
    path: `/proc/self/fd/${reader}`,
    table,
    how: own ? 'read' : 'decode',
    ...given({ decoder: decoder === 'none' ? undefined : decoder }),
    whole,
    cancel: () => table.cancel(),
    close: async () => {
      table.cancel();
      const isWhole = await settled;
      closeSync(reader);
      source.close();
      if (!isWhole || source.identity === undefined) store.removePlace(place);
      lock.close();
    },
  };
}

/** Runs the spool worker to its end. It is never terminated: that would take the process with it (lzma-native). */
async function bringIn(
  source: ImageSource,
  table: SegmentTable,
  decoder: Decoder,
  spool: string | undefined,
): Promise<WholeImage> {
  const filename = new URL('./spool-worker.js', import.meta.url).href;
  const limits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 };
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, atomics: 'disabled', resourceLimits: limits });
  const task: SpoolTask = {
    encoded: {
      name: source.name,
      descriptor: source.descriptor,
      ...given({ taken: source.identity === undefined ? source.head : undefined }),
    },
    decoder,
    segments: table.shared,
    ...given({ spoolPath: spool, promisedBytes: source.imageBytes }),
  };
  const outcome: SpoolOutcome = await pool.run(task);
  await pool.close();
  if (!outcome.ok) throw new PiburnError(outcome.failure);
  return outcome;
}

function keep(place: store.StorePlace, table: SegmentTable, image: WholeImage, source: ImageSource): void {
  writeMap(join(place.partial, 'map'), table, {
    imageBytes: image.imageBytes,
    segments: table.count,
    layout: image.layout,
    ...given({ source: source.identity }),
  });
  store.completePlace(place);
}

/** Waits until the image exists up to `endBytes`; rejects when it breaks first. */
export async function available(image: OpenImage, endBytes: number): Promise<void> {
  while (image.table.state === 'reading' && image.table.availableBytes < endBytes)
    await new Promise((done) => setTimeout(done, 20));
  if (image.table.state === 'broken') await image.whole;
}
