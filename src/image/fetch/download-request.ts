// What is to be downloaded, where to, and who wants to know.

import type { Growth } from '../growth.js';
import type { Patience } from './persist.js';
import type { Remote } from './remote.js';

export interface DownloadRequest {
  readonly url: string;
  /** The file; what a broken run left in it is continued when `path.state` says that it is the same thing. */
  readonly path: string;
  /** Advanced as bytes are written; finished in every ending. */
  readonly growth: Growth;
  /** What a list says: another length is an error. */
  readonly expectedBytes?: number;
  /** Never more than this is written. */
  readonly limitBytes?: number;
  readonly cancelled: () => boolean;
  /** One sentence for each new try. */
  readonly onTrouble: (message: string) => void;
  /** Called once, before the first new byte is written. */
  readonly onStart?: (remote: Remote & { resumedBytes: number }) => void;
  /** What is not as usual in retrying. */
  readonly patience?: Partial<Patience>;
  /** Recorded on disk as safe after each so many bytes; 32 MiB, if left out. */
  readonly syncBytes?: number;
}
