// Opens an image for burning: finds its spool in the store or starts making one, and hands out where to read it, its
// segment map (perhaps still growing) and the promise of its being whole. The decoded image is made once for all cards.

import { closeSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { failure, toFailure } from '../errors.js';
import { given } from '../given.js';
import type { FileLock } from '../native.js';
import type { Arrival } from './arrival.js';
import { checkDiskImage, cutShort, headBytes } from './disk-image.js';
import { look, type Remote } from './fetch/client.js';
import { arriveFromFile } from './file-arrival.js';
import { openSpool, spoolOf } from './kept.js';
import { makeImage } from './make-image.js';
import { type MapHeader, nameOfBmap, readMap, readMapHeader } from './map-file.js';
import type { ImageOptions, OpenImage } from './open-image.js';
import { openSource } from './source.js';
import * as store from './store.js';
import { checkDigests, compare, type ExpectedDigest } from './trust.js';
import { arriveFromWeb, identityOf, type WebImage } from './web-arrival.js';

export type { ImageOptions, OpenImage } from './open-image.js';

/** Which image: a path or `-` for standard input, something on the web, or what lies in the store already. */
export type ImageRequest =
  | { readonly kind: 'file'; readonly path: string; readonly expected?: readonly ExpectedDigest[] }
  | { readonly kind: 'web'; readonly image: WebImage }
  | { readonly kind: 'kept'; readonly name: string; readonly key: string };

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
          return await makeImage(arrival, wanted.place, lock, options);
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
  // What was looked at is what is burned, whatever becomes of its name.
  const reader = openSpool(place, path);
  return {
    name: wanted.name,
    place,
    path: `/proc/self/fd/${reader}`,
    table: kept.table,
    how: 'reuse',
    ...given({ initFormat: kept.header.initFormat }),
    whole: Promise.resolve(kept.header),
    cancel: () => undefined,
    close: async () => {
      closeSync(reader);
      lock.close();
    },
  };
}

/** A slip of the person's must not cost an image that is known to be the one that was meant. */
function checkGiven({ name, listed }: Wanted, header: MapHeader, { expected, limitBytes }: ImageOptions): void {
  if (compare(listed, header) !== 'right') return;
  const isMoving = listed.length === 0 && header.source !== undefined && 'url' in header.source;
  if (!isMoving && compare(expected, header) === 'wrong') checkDigests(name, expected, header);
  if (limitBytes !== undefined && header.imageBytes > limitBytes)
    throw failure('IMAGE_TOO_LARGE', `${name} has ${header.imageBytes} bytes, more than ${limitBytes}`, {
      hint: 'allow more with --max-size, or use larger cards',
    });
}

/** Waits until the image exists up to `endBytes`; rejects when it breaks first. */
export async function available(image: OpenImage, endBytes: number): Promise<void> {
  while (image.table.state === 'reading' && image.table.availableBytes < endBytes)
    await new Promise((done) => setTimeout(done, 20));
  if (image.table.state === 'broken') await image.whole;
}
