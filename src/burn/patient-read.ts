// Lets code that reads a card synchronously read it in the background: what it asks for and is not there yet ends it, is
// fetched, and it begins anew, until it gets through without a gap. A card that does not answer then blocks nobody.

import type { ReadImage } from '../customise/overlay.js';

/** A card that is open. */
export interface OpenCard {
  /** Fewer bytes only at the end. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const chunkBytes = 64 * 1024;
/** 16 MiB, read for a few small files: a card that needs more is damaged, or means harm. */
const maxChunks = 256;

/**
 * What `work` returns; it may be called many times, and must do nothing but read. Undefined when it wants to read too much.
 * @throws what `work` throws when it has got everything, and what reading throws.
 */
export async function readPatiently<T>(
  card: OpenCard,
  sizeBytes: number,
  work: (read: ReadImage) => T | Promise<T>,
): Promise<T | undefined> {
  const chunks = new Map<number, Uint8Array>();
  for (;;) {
    const missing = new Set<number>();
    const outcome = await attempt(() => work(reader(chunks, missing, sizeBytes)));
    // Whatever came out without all of it, be it an error that was caught inside, is worth nothing.
    if (missing.size === 0) return outcome();
    if (chunks.size + missing.size > maxChunks) return undefined;
    for (const chunk of missing) chunks.set(chunk, await card.read(chunk * chunkBytes, chunkBytes));
  }
}

async function attempt<T>(work: () => T | Promise<T>): Promise<() => T> {
  try {
    const value = await work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

const reader =
  (chunks: ReadonlyMap<number, Uint8Array>, missing: Set<number>, sizeBytes: number): ReadImage =>
  (offsetBytes, lengthBytes) => {
    const endBytes = Math.min(sizeBytes, offsetBytes + lengthBytes);
    const last = Math.ceil(endBytes / chunkBytes);
    for (let chunk = Math.floor(offsetBytes / chunkBytes); chunk < last && missing.size <= maxChunks; chunk++)
      if (!chunks.has(chunk)) missing.add(chunk);
    if (missing.size > 0) throw new NotReadYet();
    return joined(chunks, offsetBytes, Math.max(offsetBytes, endBytes));
  };

/** Always a copy: a reader may change what it has got. */
function joined(chunks: ReadonlyMap<number, Uint8Array>, startBytes: number, endBytes: number): Uint8Array {
  const bytes = Buffer.alloc(endBytes - startBytes);
  let done = 0;
  while (done < bytes.length) {
    const at = startBytes + done;
    const chunk = chunks.get(Math.floor(at / chunkBytes)) ?? new Uint8Array();
    const part = chunk.subarray(at % chunkBytes, (at % chunkBytes) + bytes.length - done);
    bytes.set(part, done);
    done += part.length;
    // The card ends earlier than it said.
    if (part.length === 0) break;
  }
  return bytes.subarray(0, done);
}

class NotReadYet extends Error {
  override readonly name = 'NotReadYet';
}
