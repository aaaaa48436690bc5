// Makes an image of what comes in: into the store's partial directory first, checked by the spool worker, renamed into its
// place when it is whole. Cards may follow from the first segment on.

import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { moduleUrl } from '../code-root.js';
import { asPiburnError, errnoOf, PiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import type { FileLock } from '../native.js';
import type { Arrival } from './arrival.js';
import { chooseDecoder, type Decoder } from './decode/index.js';
import { isFile } from './identity.js';
import { type MapHeader, nameOfBmap, writeMap } from './map-file.js';
import { withoutSuffix } from './names.js';
import type { ImageOptions, OpenImage } from './open-image.js';
import { noRoom } from './room.js';
import { SegmentTable } from './segment-table.js';
import type { SpooledImage, SpoolOutcome, SpoolTask } from './spool-worker.js';
import * as store from './store.js';
import { openFileInStore } from './store-access.js';

/** Starts bringing the image in. Until it is whole it lies in the place's partial directory. */
export async function makeImage(
  arrival: Arrival,
  place: store.StorePlace,
  lock: FileLock,
  options: ImageOptions,
): Promise<OpenImage> {
  checkWish(arrival, options.decoder);
  const decoder = await chooseDecoder(arrival.format, options.decoder);
  store.beginPlace(place);
  const table = SegmentTable.create(arrival.promisedBytes);
  const partialSpool = join(place.partial, 'image');
  // A descriptor path keeps the spool readable under one name before and after its directory is renamed.
  const reader = arrival.ownSpool === undefined ? makeSpool(partialSpool) : openSync(arrival.ownSpool, 'r');
  const whole = bringIn(arrival, table, decoder, place, options).then((header) => {
    lock.change('shared');
    if (isFile(arrival.identity)) store.removeStale(options.store, place, arrival.identity);
    return header;
  });
  // Whoever awaits `whole` sees the error; nobody awaiting it yet must not end the process.
  const settled = whole.then(
    () => true,
    () => false,
  );
  return {
    name: arrival.name,
    place,
    path: `/proc/self/fd/${reader}`,
    table,
    how: arrival.how,
    ...given({
      decoder: decoder === 'none' ? undefined : decoder,
      fetch: arrival.fetch,
      initFormat: arrival.origin().initFormat,
    }),
    whole,
    cancel: () => stop(table, arrival),
    close: async () => {
      stop(table, arrival);
      const isWhole = await settled;
      closeSync(reader);
      await arrival.close();
      if (arrival.identity === undefined) store.removePlace(place);
      else if (!isWhole) store.abandonPlace(place);
      lock.close();
    },
  };
}

/** Makes the file; returns a descriptor for reading it. */
function makeSpool(path: string): number {
  closeSync(openFileInStore(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL));
  return openFileInStore(path, constants.O_RDONLY);
}

function checkWish({ name, format, encoded }: Arrival, wish: ImageOptions['decoder']): void {
  if (wish === 'auto' || format === 'xz') return;
  // What is no disk either is perhaps a damaged .xz, and will be refused as what it is.
  if (format === 'raw' && encoded.taken !== undefined && !hasBootSignature(encoded.taken)) return;
  throw usageError('OPTION_WITHOUT_EFFECT', `--decoder=${wish} has no effect on ${name}, which is no .xz (${format})`, {
    hint: 'leave it out',
  });
}

const hasBootSignature = (head: Uint8Array): boolean => head[510] === 0x55 && head[511] === 0xaa;

function stop(table: SegmentTable, arrival: Arrival): void {
  table.cancel();
  arrival.stop();
}

/** From the first byte to a kept image: decoded, checked, renamed into place. */
async function bringIn(
  arrival: Arrival,
  table: SegmentTable,
  decoder: Decoder,
  place: store.StorePlace,
  options: ImageOptions,
): Promise<MapHeader> {
  try {
    const image = await spool(taskOf(arrival, table, decoder, place, options));
    const header = headerOf(arrival, table, image);
    keep(place, table, header);
    arrival.accept();
    return header;
  } catch (error) {
    // A worker that died has told nobody, and cards wait for its word.
    if (table.state === 'reading') table.finish('broken');
    throw await arrival.refuse(asPiburnError(error));
  }
}

function taskOf(
  arrival: Arrival,
  table: SegmentTable,
  decoder: Decoder,
  place: store.StorePlace,
  { limitBytes }: ImageOptions,
): SpoolTask {
  return {
    encoded: { ...arrival.encoded, ...given({ limitBytes }) },
    format: arrival.format,
    decoder,
    segments: table.shared,
    expected: arrival.expected,
    ...given({
      spoolPath: arrival.ownSpool === undefined ? join(place.partial, 'image') : undefined,
      promisedBytes: arrival.promisedBytes,
      bmap: arrival.bmap,
    }),
  };
}

/** Runs the spool worker to its end. It is never terminated: that would take the process with it (lzma-native). */
async function spool(task: SpoolTask): Promise<SpooledImage> {
  const filename = moduleUrl('image/spool-worker.js').href;
  const limits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 };
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, atomics: 'disabled', resourceLimits: limits });
  try {
    const outcome: SpoolOutcome = await pool.run(task);
    if (outcome.ok) return outcome.image;
    throw new PiburnError(outcome.failure);
  } finally {
    await pool.close();
  }
}

function headerOf(arrival: Arrival, table: SegmentTable, image: SpooledImage): MapHeader {
  return {
    imageBytes: image.imageBytes,
    segments: table.count,
    layout: image.layout,
    name: withoutSuffix(arrival.name),
    format: arrival.format,
    trustedBy: arrival.expected.map(({ from }) => from),
    madeAt: new Date().toISOString(),
    ...image.digests,
    ...arrival.origin(),
    ...given({ source: arrival.identity, bmap: arrival.bmap && nameOfBmap(arrival.bmap) }),
  };
}

function keep(place: store.StorePlace, table: SegmentTable, header: MapHeader): void {
  try {
    writeMap(join(place.partial, 'map'), table, header);
    store.completePlace(place);
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC') throw noRoom(place.partial);
    throw error;
  }
}
