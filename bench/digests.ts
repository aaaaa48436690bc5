// SHA-256 of whole files, to hold what was decoded against the image that was packed.

import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Measure } from './measure.js';

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/** The measure of what put one image into a store; it does not count when that is another one. */
export async function checkStore(measured: Measure, store: string, imageSha256: string): Promise<Measure> {
  if (measured.problem !== undefined) return measured;
  const images = join(store, 'images');
  const [key = ''] = readdirSync(images);
  const isRight = (await sha256Of(join(images, key, 'image'))) === imageSha256;
  return isRight ? measured : { ...measured, problem: 'the decoded image is not the one that was packed' };
}
