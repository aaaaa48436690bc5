// How an image comes in: what the spool worker reads, what is known beforehand, and whom to tell how it ended. A file
// that lies here and one that is still being downloaded look the same from here on.

import type { PiburnError } from '../errors.js';
import type { Encoded } from './decode/encoded.js';
import type { Growth } from './growth.js';
import type { SourceIdentity } from './identity.js';
import type { ImageFormat } from './sniff.js';
import type { ExpectedDigest } from './trust.js';

/** A digest file or a .bmap beside an image, here or on the web, is never larger. */
export const companionBytesMax = 16 * 1024 * 1024;

/** A .bmap that belongs to the image. */
export interface BmapText {
  readonly name: string;
  readonly text: string;
}

/** What the store keeps of an image's origin, beside its identity. */
export interface Origin {
  readonly archiveBytes?: number;
  readonly etag?: string;
  readonly lastModified?: string;
  /** `init_format` of the list of operating systems. */
  readonly initFormat?: string;
}

export interface Arrival {
  readonly name: string;
  readonly how: 'decode' | 'read' | 'fetch';
  readonly format: ImageFormat;
  /** Undefined for a stream, which nobody can find again. */
  readonly identity?: SourceIdentity;
  readonly encoded: Encoded;
  /** Where the decoded image lies already: a raw file is its own spool. */
  readonly ownSpool?: string;
  /** Size of the decoded image that the format or the list promises. */
  readonly promisedBytes?: number;
  readonly expected: readonly ExpectedDigest[];
  readonly bmap?: BmapText;
  /** A download that is under way. */
  readonly fetch?: Fetch;
  origin(): Origin;
  /** Ends a download; what has come stays for the next try. */
  stop(): void;
  /** The image is whole, checked and kept: what only served its making can go. */
  accept(): void;
  /** The image broke for `error`; resolves with what was really the cause. */
  refuse(error: PiburnError): Promise<PiburnError>;
  close(): Promise<void>;
}

/** How far a download is. */
export interface Fetch {
  readonly url: string;
  readonly growth: Growth;
  /** Undefined until the server has told it. */
  totalBytes(): number | undefined;
  /** What an earlier run had fetched already. */
  resumedBytes(): number;
}
