// Opens an image for burning: finds its spool in the store or starts making one, and hands out where to read it, its
// segment map (perhaps still growing) and the promise of its being whole. The decoded image is made once for all cards.

import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { errnoOf, failure, PiburnError, toFailure, usageError } from '../errors.js';
import { given } from '../given.js';
import type { FileLock } from '../native.js';
import type { Arrival, Fetch } from './arrival.js';
import { chooseDecoder, type Decoder } from './decode/index.js';
import { checkDiskImage, cutShort, headBytes } from './disk-image.js';
import { look, type Remote, type WebClient } from './fetch/client.js';
import { arriveFromFile } from './file-arrival.js';
import { isFile } from './identity.js';
import { spoolOf } from './kept.js';
import { type MapHeader, nameOfBmap, readMap, readMapHeader, writeMap } from './map-file.js';
import { withoutSuffix } from './names.js';
import { noRoom } from './room.js';
import { SegmentTable } from './segment-table.js';
import { openSource } from './source.js';
import type { SpooledImage, SpoolOutcome, SpoolTask } from './spool-worker.js';
import * as store from './store.js';
import { checkDigests, compare, type ExpectedDigest } from './trust.js';
import { arriveFromWeb, identityOf, type WebImage } from './web-arrival.js';

/** Which image: a path or `-` for standard input, something on the web, or what lies in the store already. */
export type ImageRequest =
  | { readonly kind: 'file'; readonly path: string; readonly expected?: readonly ExpectedDigest[] }
  | { readonly kind: 'web'; readonly image: WebImage }
  | { readonly kind: 'kept'; readonly name: string; readonly key: string };

export interface ImageOptions {
  readonly store: store.Store;
  readonly decoder: 'auto' | 'xz' | 'lzma-native';
  /** What the person says of its digest. */
  readonly expected: readonly ExpectedDigest[];
  /** Use a .bmap that belongs to the image. */
  readonly bmap: boolean;
  /** The decoded image may not be larger. */
  readonly limitBytes?: number;
  /** An archive that proves wrong is put aside instead of removed. */
  readonly keepRejected: boolean;
  readonly client: () => WebClient;
  /** Called once when another piburn is at work on the same image. */
  readonly onWait: (name: string) => void;
  readonly onTrouble: (message: string) => void;
  readonly cancelled: () => boolean;
}

export interface OpenImage {
  readonly name: string;
  /** Its place in the store; a stream's is gone in the end. */
  readonly place: store.StorePlace;
  /** The decoded image: a spool, or the raw file itself. Exists from `reading` on, up to the table's watermark. */
  readonly path: string;
  readonly table: SegmentTable;
  readonly how: 'decode' | 'read' | 'reuse' | 'fetch';
  readonly decoder?: Decoder;
  /** A download under way. */
  readonly fetch?: Fetch;
  /** How the list of operating systems says that it takes its settings. */
  readonly initFormat?: string;
  /** Resolves when the image is decoded, checked and kept; rejects with a PiburnError when it is broken. */
  readonly whole: Promise<MapHeader>;
  /** Stops a decode at its next window. */
  cancel(): void;
  /** Gives the image back to the store; a spool that nobody can find again is removed. */
  close(): Promise<void>;
}

/**
 * Opens an image.
 * @throws PiburnError as `openSource` and `arriveFromWeb`; `IMAGE_NOT_A_DISK`, `IMAGE_TRUNCATED`, `IMAGE_DAMAGED`,
 * `STORE_UNUSABLE`, `DECODER_MISSING`.
 */
export async function openImage(request: ImageRequest, options: ImageOptions): Promise<OpenImage> {
  if (request.kind === 'file') return await openFile(request.path, request.expected ?? [], options);
  if (request.kind === 'web') return await openWeb(request.image, options);
  return await openKept(request, options);
}

async function openFile(path: string, listed: readonly ExpectedDigest[], options: ImageOptions): Promise<OpenImage> {
  const expected = [...listed, ...options.expected];
  const arrival = arriveFromFile(await openSource(path), { expected, bmap: options.bmap });
  try {
    if (arrival.ownSpool !== undefined) checkRawFile(arrival);
    const { name, bmap } = arrival;
    const place = store.placeFor(options.store, arrival.identity);
    const isWanted = (header: MapHeader) => header.bmap === (bmap && nameOfBmap(bmap));
    const wanted = { name, place, listed: [], expected: arrival.expected, isWanted, arrive: async () => arrival };
    const image = await claim(wanted, options);
    if (image.how === 'reuse') await arrival.close();
    return image;
  } catch (error) {
    await arrival.close();
    throw error;
  }
}

/** What can be said of a raw file at once, before it is read through. */
function checkRawFile({ name, encoded, promisedBytes }: Arrival): void {
  const first = Buffer.alloc(headBytes);
  const length = readSync(encoded.descriptor, first, 0, headBytes, 0);
  const claimedBytes = checkDiskImage(first.subarray(0, length), name);
  const short = cutShort(name, promisedBytes ?? 0, claimedBytes);
  if (short !== undefined) throw short;
}

async function openWeb(image: WebImage, options: ImageOptions): Promise<OpenImage> {
  const place = store.placeFor(options.store, identityOf(image));
  const expected = [...image.expected, ...options.expected];
  const now = image.expected.length > 0 ? undefined : await lookOnline(image, place, options);
  const arrive = () => arriveFromWeb({ ...image, expected }, place, { ...options, client: options.client() });
  const isWanted = (header: MapHeader) => isCurrent(header, now) && (options.bmap || header.bmap === undefined);
  const wanted = { name: image.name, place, listed: image.expected, expected, isWanted, arrive };
  return await claim(wanted, options);
}

/** Where no list tells the digest of what an address holds now, its server is asked. */
async function lookOnline(
  image: WebImage,
  place: store.StorePlace,
  options: ImageOptions,
): Promise<Remote | undefined> {
  if (readMapHeader(join(place.directory, 'map')) === undefined) return undefined;
  try {
    return await look(options.client(), image.url, { timeoutMs: 10_000, cancelled: options.cancelled });
  } catch (error) {
    if (toFailure(error).kind === 'interrupted') throw error;
    const { host } = new URL(image.url);
    options.onTrouble(`${host} does not say whether ${image.name} has changed; the copy in the store is used`);
    return undefined;
  }
}

/** Whether what is kept is what the server has now, as far as it tells. */
function isCurrent(kept: MapHeader, now: Remote | undefined): boolean {
  const agree = (a: string | number | undefined, b: typeof a) => a === undefined || b === undefined || a === b;
  return (
    agree(now?.etag, kept.etag) &&
    agree(now?.lastModified, kept.lastModified) &&
    agree(now?.sizeBytes, kept.archiveBytes)
  );
}

async function openKept({ name, key }: { name: string; key: string }, options: ImageOptions): Promise<OpenImage> {
  const arrive = async (): Promise<Arrival> => {
    throw failure('IMAGE_DAMAGED', `${name} in the store is damaged, or is not what was expected`, {
      hint: `remove it with \`piburn image delete ${name}\` and fetch it again`,
    });
  };
  const place = store.placeOf(options.store, key);
  return await claim({ name, place, expected: options.expected, listed: [], isWanted: () => true, arrive }, options);
}

/** An image before it is known whether the store has it. */
interface Wanted {
  readonly name: string;
  readonly place: store.StorePlace;
  readonly expected: readonly ExpectedDigest[];
  /** Those of them that tell what the address holds now; none where what is kept is surely what is meant. */
  readonly listed: readonly ExpectedDigest[];
  /** Whether what the store has will do, as far as its digests do not tell. */
  isWanted(header: MapHeader): boolean;
  /** Starts bringing it in; owned by the image that is made of it. */
  arrive(): Promise<Arrival>;
}

const claim = (wanted: Wanted, options: ImageOptions): Promise<OpenImage> =>
  store.claimPlace(
    wanted.place,
    {
      reuse: (lock) => reuse(wanted, lock, options),
      make: async (lock) => {
        const arrival = await wanted.arrive();
        try {
          return await make(arrival, wanted.place, lock, options);
        } catch (error) {
          await arrival.close();
          throw error;
        }
      },
    },
    () => options.onWait(wanted.name),
    options.cancelled,
  );

/** The image as an earlier run left it in the store, or undefined. */
function reuse(wanted: Wanted, lock: FileLock, options: ImageOptions): OpenImage | undefined {
  const { place } = wanted;
  const kept = readMap(join(place.directory, 'map'));
  if (kept === undefined || !wanted.isWanted(kept.header)) return undefined;
  const path = spoolOf(place, kept.header);
  if (path === undefined) return undefined;
  checkGiven(wanted, kept.header, options);
  if (compare(wanted.expected, kept.header) !== 'right') return undefined;
  return {
    name: wanted.name,
    place,
    path,
    table: kept.table,
    how: 'reuse',
    ...given({ initFormat: kept.header.initFormat }),
    whole: Promise.resolve(kept.header),
    cancel: () => undefined,
    close: async () => lock.close(),
  };
}

/** A slip of the person's must not cost an image that is known to be the one that was meant. */
function checkGiven(
  { name, listed, isWanted }: Wanted,
  header: MapHeader,
  { expected, limitBytes }: ImageOptions,
): void {
  if (!isWanted(header) || compare(listed, header) !== 'right') return;
  const isMoving = listed.length === 0 && header.source !== undefined && 'url' in header.source;
  if (!isMoving && compare(expected, header) === 'wrong') checkDigests(name, expected, header);
  if (limitBytes !== undefined && header.imageBytes > limitBytes)
    throw failure('IMAGE_TOO_LARGE', `${name} has ${header.imageBytes} bytes, more than ${limitBytes}`, {
      hint: 'allow more with --max-size, or use larger cards',
    });
}

/** Starts bringing the image in. Until it is whole it lies in the place's partial directory. */
async function make(
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
  if (arrival.ownSpool === undefined) closeSync(openSync(partialSpool, 'wx', 0o600));
  // A descriptor path keeps the spool readable under one name before and after its directory is renamed.
  const reader = openSync(arrival.ownSpool ?? partialSpool, 'r');
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
    throw await arrival.refuse(error instanceof PiburnError ? error : new PiburnError(toFailure(error)));
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
  const filename = new URL('./spool-worker.js', import.meta.url).href;
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

/** Waits until the image exists up to `endBytes`; rejects when it breaks first. */
export async function available(image: OpenImage, endBytes: number): Promise<void> {
  while (image.table.state === 'reading' && image.table.availableBytes < endBytes)
    await new Promise((done) => setTimeout(done, 20));
  if (image.table.state === 'broken') await image.whole;
}
