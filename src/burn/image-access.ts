// The way to images for everything that wants one: names are looked up, what is missing is fetched, and what happens on
// the way is told as events.

import { given } from '../given.js';
import type { LoadedCatalog } from '../image/catalog/load.js';
import { openClient, type WebClient } from '../image/fetch/client.js';
import { type OpenImage, openImage } from '../image/image.js';
import { loadList, type ResolveOptions, resolveImage } from '../image/resolve.js';
import { openStore, type Store, storeDirectory } from '../image/store.js';
import { type ExpectedDigest, givenDigest } from '../image/trust.js';
import type { BurnEvent } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import { defaults, type ImageWishes } from './options.js';
import { tellImage } from './tell-image.js';

export class ImageAccess {
  readonly store: Store;
  readonly #wishes: ImageWishes;
  readonly #env: NodeJS.ProcessEnv;
  readonly #emit: (event: BurnEvent) => void;
  readonly #cancel: Cancellation;
  readonly #expected: readonly ExpectedDigest[];
  #client: WebClient | undefined;

  /** Throws a PiburnError: `SHA256`, `STORE_UNUSABLE`. */
  constructor(wishes: ImageWishes, env: NodeJS.ProcessEnv, emit: (event: BurnEvent) => void, cancel: Cancellation) {
    this.#wishes = wishes;
    this.#env = env;
    this.#emit = emit;
    this.#cancel = cancel;
    this.#expected = wishes.sha256 === undefined ? [] : [givenDigest(wishes.sha256)];
    this.store = openStore(storeDirectory(wishes.store, env));
  }

  /** Opens what `word` means; the decoded image may not be larger than `limitBytes`. */
  async #open(word: string, limitBytes = Number.POSITIVE_INFINITY): Promise<OpenImage> {
    const { decoder, bmap, keepRejected, maxBytes } = this.#wishes;
    const request = await resolveImage(word, this.#resolving());
    return await openImage(request, {
      store: this.store,
      decoder: decoder ?? 'auto',
      expected: this.#expected,
      bmap: bmap ?? true,
      keepRejected: keepRejected ?? false,
      limitBytes: Math.min(limitBytes, maxBytes ?? defaults.maxImageBytes),
      client: () => this.#web(),
      onWait: (name) => this.#warn(`another piburn is at work on ${name}; waiting for it`),
      onTrouble: (message) => this.#warn(message),
      cancelled: () => this.#cancel.requested,
    });
  }

  /** Opens an image for as long as `work` takes: tells how far it is, lets a cancel stop it, and gives it back. */
  async use<T>(word: string, work: (image: OpenImage) => Promise<T>, limitBytes?: number): Promise<T> {
    const image = await this.#open(word, limitBytes);
    const stopImage = this.#cancel.on(() => image.cancel());
    const stopTelling = tellImage(image, this.#emit);
    try {
      return await work(image);
    } finally {
      stopTelling();
      stopImage();
      await image.close();
    }
  }

  /** The list of operating systems. */
  async list(refresh: 'always' | 'when-old' | 'never'): Promise<LoadedCatalog> {
    return await loadList(refresh, this.#resolving());
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #resolving(): ResolveOptions {
    return {
      store: this.store,
      client: () => this.#web(),
      ...given({ repo: this.#wishes.repo ?? (this.#env['PIBURN_REPO'] || undefined) }),
      cancelled: () => this.#cancel.requested,
      onTrouble: (message) => this.#warn(message),
    };
  }

  #web(): WebClient {
    this.#client ??= openClient(this.#env);
    return this.#client;
  }

  #warn(message: string): void {
    this.#emit({ type: 'warning', message });
  }
}
