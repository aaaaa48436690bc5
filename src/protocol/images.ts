// Images in the store, and what is in them.

import type { Flavour } from './node.js';

/** An image in the store, as `image ls` shows it. */
export interface KeptImageRow {
  readonly name: string;
  /** `damaged`: not whole; `stale`: the file that it was made from has changed or gone. */
  readonly state: 'whole' | 'damaged' | 'stale';
  /** Where it came from: a path or an address. */
  readonly source?: string;
  readonly imageBytes?: number;
  /** Room that it takes in the store. */
  readonly diskBytes: number;
  readonly imageSha256?: string;
  /** Who had said what its SHA-256 should be. */
  readonly trustedBy: readonly string[];
  readonly flavour?: Flavour;
  readonly os?: string;
  /** ISO 8601, like the two below. */
  readonly madeAt?: string;
  readonly burnedAt?: string;
  readonly verifiedAt?: string;
}

/** What is in an image, as `image info` shows it. */
export interface ImageInfo {
  readonly name: string;
  readonly source?: string;
  readonly format?: string;
  readonly archiveBytes?: number;
  /** Of an .xz: how many decoders can work on it at once. */
  readonly xz?: { readonly streams: number; readonly blocks: number };
  readonly imageBytes: number;
  readonly usedBytes: number;
  readonly skippedBytes: number;
  readonly segments: number;
  readonly table: 'mbr' | 'gpt' | 'fat';
  readonly partitions: readonly { readonly startBytes: number; readonly sizeBytes: number }[];
  /** What each partition was understood as. */
  readonly layout: readonly string[];
  readonly os?: string;
  readonly flavour: Flavour;
  readonly flavourReason: string;
  readonly archiveSha256?: string;
  readonly imageSha256?: string;
  readonly trustedBy: readonly string[];
  readonly bmap?: string;
}
