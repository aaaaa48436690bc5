// Tells how far an image is: what has been fetched, and what has been decoded or read, ten times a second.

import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import type { BurnEvent } from '../protocol.js';
import { sampleMs } from './watch.js';

/** Tells until the image is whole or broken; returns a function that stops the telling before. */
export function tellImage(image: OpenImage, emit: (event: BurnEvent) => void): () => void {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const tell = () => {
    if (image.fetch !== undefined) tellFetch(image, emit, elapsedMs());
    emit({
      type: 'image',
      state: image.table.state,
      how: image.how,
      doneBytes: image.table.availableBytes,
      ...given({ decoder: image.decoder, totalBytes: image.table.totalBytes }),
      elapsedMs: elapsedMs(),
    });
  };
  tell();
  if (image.table.state !== 'reading') return () => undefined;
  const timer = setInterval(() => {
    if (image.table.state === 'reading') tell();
  }, sampleMs);
  const end = image.whole.then(tell, tell);
  void end.finally(() => clearInterval(timer));
  return () => clearInterval(timer);
}

const fetchStates = { growing: 'fetching', complete: 'done', failed: 'failed' } as const;

function tellFetch({ name, fetch }: OpenImage, emit: (event: BurnEvent) => void, elapsedMs: number): void {
  if (fetch === undefined) return;
  emit({
    type: 'fetch',
    name,
    url: fetch.url,
    state: fetchStates[fetch.growth.state],
    doneBytes: fetch.growth.availableBytes,
    resumedBytes: fetch.resumedBytes(),
    ...given({ totalBytes: fetch.totalBytes() }),
    elapsedMs,
  });
}
