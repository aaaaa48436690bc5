// An image as it comes in from the web: the download goes into the store's `downloads/KEY`, from where the spool worker
// reads it while it grows. What a broken run has fetched is there for the next one.

import { closeSync, constants } from 'node:fs';
import { asPiburnError, PiburnError, toFailure } from '../errors.js';
import { given } from '../given.js';
import { type Arrival, type BmapText, companionBytesMax, type Fetch, type Origin } from './arrival.js';
import { fetchText, type Remote, type WebClient } from './fetch/client.js';
import { download } from './fetch/download.js';
import { parseAddress, shownUrl } from './fetch/web-address.js';
import { Growth } from './growth.js';
import type { WebIdentity } from './identity.js';
import { unescaped } from './names.js';
import { checkRoom } from './room.js';
import { type ImageFormat, sniff, sniffBytes } from './sniff.js';
import { readHead } from './source.js';
import type { StorePlace } from './store.js';
import { openFileInStore } from './store-access.js';
import * as downloads from './store-downloads.js';
import { digestIn, type ExpectedDigest } from './trust.js';

/** An image on the web, and what its list says of it. */
export interface WebImage {
  readonly url: string;
  /** As people call it: its tag in the list, or the file name in the URL. */
  readonly name: string;
  readonly expected: readonly ExpectedDigest[];
  readonly archiveBytes?: number;
  readonly imageBytes?: number;
  readonly bmapUrl?: string;
  readonly initFormat?: string;
}

export interface WebWishes {
  readonly client: WebClient;
  readonly bmap: boolean;
  /** An archive that proves wrong is put aside instead of removed. */
  readonly keepRejected: boolean;
  readonly limitBytes?: number;
  readonly cancelled: () => boolean;
  /** Something went wrong and is tried again, or is worth knowing; a sentence. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Starts the download and resolves when its first bytes have told the format.
 * @throws PiburnError as `download` and `sniff`; `STORE_FULL`.
 */
export async function arriveFromWeb(image: WebImage, place: StorePlace, wishes: WebWishes): Promise<Arrival> {
  const expected = image.expected.length > 0 ? image.expected : await digestOnline(image, wishes);
  const bmap = await bmapOnline(image, wishes);
  if (expected.length === 0)
    wishes.onTrouble(`nobody says what the SHA-256 of ${image.name} should be: only damage will be noticed`);
  const transfer = new Transfer(image, place, wishes);
  try {
    const { descriptor, format } = await transfer.begin();
    return {
      name: image.name,
      how: 'fetch',
      format,
      identity: identityOf(image),
      encoded: { name: image.name, descriptor, growth: transfer.growth.shared },
      expected,
      fetch: transfer,
      ...given({ bmap, promisedBytes: image.imageBytes }),
      origin: () => transfer.origin(),
      stop: () => transfer.stop(),
      accept: () => downloads.remove(place),
      refuse: (error) => transfer.refuse(error),
      close: async () => {
        await transfer.end();
        closeSync(descriptor);
      },
    };
  } catch (error) {
    throw await transfer.refuse(asPiburnError(error));
  }
}

/** Its address, without what logs in there. */
export const identityOf = ({ url }: Pick<WebImage, 'url'>): WebIdentity => ({ url: parseAddress(url).url.href });

/** One download under way, with what is to be done with its file in every ending. */
class Transfer implements Fetch {
  readonly url: string;
  readonly growth = Growth.create();
  readonly #image: WebImage;
  readonly #place: StorePlace;
  readonly #wishes: WebWishes;
  #stopped = false;
  #remote: (Remote & { resumedBytes: number }) | undefined;
  /** Why the download ended early. */
  #trouble: PiburnError | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(image: WebImage, place: StorePlace, wishes: WebWishes) {
    this.url = shownUrl(image.url);
    this.#image = image;
    this.#place = place;
    this.#wishes = wishes;
  }

  /** Resolves when enough is there to tell the format. */
  async begin(): Promise<{ descriptor: number; format: ImageFormat }> {
    this.#done = this.#run();
    const available = await this.growth.beyond(sniffBytes - 1);
    if (available < sniffBytes && this.growth.state === 'failed') {
      await this.#done;
      if (this.#trouble !== undefined) throw this.#trouble;
    }
    const descriptor = openFileInStore(downloads.archivePath(this.#place), constants.O_RDONLY);
    try {
      return { descriptor, format: sniff(readHead(descriptor, true).subarray(0, available), this.#image.name) };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { client, cancelled, onTrouble } = this.#wishes;
    try {
      await download(client, {
        url: this.#image.url,
        path: downloads.archivePath(this.#place),
        growth: this.growth,
        ...given({ expectedBytes: this.#image.archiveBytes }),
        cancelled: () => this.#stopped || cancelled(),
        onTrouble,
        onStart: (remote) => this.#started(remote),
      });
    } catch (error) {
      this.#trouble ??= asPiburnError(error);
    }
  }

  #started(remote: Remote & { resumedBytes: number }): void {
    this.#remote = remote;
    const comingBytes = (this.totalBytes() ?? 0) - remote.resumedBytes;
    checkRoom(this.#place.lockPath, Math.max(0, comingBytes) + (this.#image.imageBytes ?? 0));
  }

  totalBytes(): number | undefined {
    return this.#remote?.sizeBytes ?? this.#image.archiveBytes;
  }

  resumedBytes(): number {
    return this.#remote?.resumedBytes ?? 0;
  }

  origin(): Origin {
    return given({
      archiveBytes: this.growth.availableBytes,
      etag: this.#remote?.etag,
      lastModified: this.#remote?.lastModified,
      initFormat: this.#image.initFormat,
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async end(): Promise<void> {
    this.stop();
    await this.#done;
  }

  /** A broken connection or Ctrl-C leaves the file for the next try; a file that proved wrong is of no use to anybody. */
  async refuse(error: PiburnError): Promise<PiburnError> {
    await this.end();
    const isOurs = error.failure.code === 'DOWNLOAD_FAILED' || error.failure.kind === 'interrupted';
    const cause = isOurs && this.#trouble !== undefined ? this.#trouble : error;
    if (!provesWrong.has(cause.failure.code)) {
      downloads.removeEmpty(this.#place);
      return cause;
    }
    if (!this.#wishes.keepRejected) {
      downloads.remove(this.#place);
      return cause;
    }
    const aside = downloads.putAside(this.#place, this.#image.name);
    return new PiburnError({ ...cause.failure, hint: `what was fetched is kept aside: ${aside}` }, { cause });
  }
}

/** Failures after which the fetched file is not worth continuing. */
const provesWrong = new Set([
  'IMAGE_DIGEST',
  'IMAGE_CORRUPT',
  'IMAGE_TRUNCATED',
  'IMAGE_NOT_A_DISK',
  'IMAGE_COMPRESSED',
  'IMAGE_EMPTY',
  'IMAGE_AMBIGUOUS',
  'ARCHIVE_WITHOUT_IMAGE',
  'DOWNLOAD_CHANGED',
  'DOWNLOAD_LENGTH',
  'DOWNLOAD_TOO_LARGE',
]);

/** The digest that lies beside the image: `URL.sha256`, else in `SHA256SUMS`. */
async function digestOnline(image: WebImage, wishes: WebWishes): Promise<ExpectedDigest[]> {
  const address = new URL(image.url);
  const fileName = unescaped(address.pathname.split('/').at(-1) ?? '');
  for (const [beside, alone] of [
    [`${address.pathname}.sha256`, true],
    [new URL('SHA256SUMS', address).pathname, false],
  ] as const) {
    const url = new URL(address);
    url.pathname = beside;
    const text = await companion(url.href, wishes);
    const sha256 = text === undefined ? undefined : digestIn(text, fileName, alone);
    if (sha256 !== undefined) return [{ sha256, of: 'archive', from: beside.split('/').at(-1) ?? beside }];
  }
  return [];
}

async function bmapOnline({ bmapUrl }: WebImage, wishes: WebWishes): Promise<BmapText | undefined> {
  if (bmapUrl === undefined || !wishes.bmap) return undefined;
  const text = await companion(bmapUrl, wishes);
  return text === undefined ? undefined : { name: bmapUrl.split('/').at(-1) ?? bmapUrl, text };
}

/** A small file beside the image. One that cannot be had is no reason not to fetch the image itself. */
async function companion(url: string, { client, cancelled }: WebWishes): Promise<string | undefined> {
  try {
    return (await fetchText(client, url, { limitBytes: companionBytesMax, timeoutMs: 20_000, cancelled }))?.text;
  } catch (error) {
    if (toFailure(error).kind === 'interrupted') throw error;
    return undefined;
  }
}
