// How an image is known again, so that its spool is found, or found to be stale.

/** A local file: another size, time or inode is another image. */
export interface FileIdentity {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedNs: string;
  readonly changedNs: string;
}

/** Something on the web: an address has one place in the store; whether it is current is told by digests. */
export interface WebIdentity {
  readonly url: string;
}

export type SourceIdentity = FileIdentity | WebIdentity;

export const isFile = (identity: SourceIdentity | undefined): identity is FileIdentity =>
  identity !== undefined && 'path' in identity;
