// An image that is open for burning, and how it was to be opened.

import type { Fetch } from './arrival.js';
import type { Decoder } from './decode/index.js';
import type { WebClient } from './fetch/client.js';
import type { MapHeader } from './map-file.js';
import type { SegmentTable } from './segment-table.js';
import type { Store, StorePlace } from './store.js';
import type { ExpectedDigest } from './trust.js';

export interface ImageOptions {
  readonly store: Store;
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
  readonly place: StorePlace;
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
