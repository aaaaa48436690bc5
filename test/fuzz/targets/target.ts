// What a fuzz target is.

export interface Target {
  readonly name: string;
  /** Whether inputs are texts, which may grow, or images, in which everything has its place. */
  readonly isText: boolean;
  /** Words that the format knows. */
  readonly words?: readonly string[];
  /** Throws when something is wrong with piburn, whatever may be wrong with the bytes. */
  run(bytes: Buffer): void | Promise<void>;
}
