// `image get`: brings images into the store, one after the other, so that a later burn starts at once.

import type { MapHeader } from '../image/map-file.js';
import type { BurnEvent } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import { ImageAccess } from './image-access.js';
import type { ImageWishes } from './options.js';

export interface GotImage {
  /** What was asked for. */
  readonly word: string;
  readonly name: string;
  /** Whether it was there already. */
  readonly reused: boolean;
  readonly header: MapHeader;
  readonly usedBytes: number;
}

/**
 * Fetches, decodes and checks every image that is not in the store yet.
 * @throws PiburnError with the first that cannot be had; those before it are kept.
 */
export async function getImages(
  words: readonly string[],
  wishes: ImageWishes,
  env: NodeJS.ProcessEnv,
  emit: (event: BurnEvent) => void,
  cancel: Cancellation,
): Promise<GotImage[]> {
  const images = new ImageAccess(wishes, env, emit, cancel);
  const got: GotImage[] = [];
  try {
    for (const word of words) got.push(await getImage(word, images));
    return got;
  } finally {
    await images.close();
  }
}

const getImage = (word: string, images: ImageAccess): Promise<GotImage> =>
  images.use(word, async (image) => {
    const header = await image.whole;
    const reused = image.how === 'reuse';
    return { word, name: header.name ?? image.name, reused, header, usedBytes: image.table.usedBytes };
  });
