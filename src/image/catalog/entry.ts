// What piburn knows of an image that it can fetch, and of all of them together.

/** An image of an OS list. */
export interface OsEntry {
  /** The word to type for it: its file's name without the suffixes of an image; unique in its catalog, whatever the case. */
  readonly tag: string;
  readonly name: string;
  readonly description: string;
  /** The names of the menus above it. */
  readonly path: readonly string[];
  /** http, https, or file where the list is a file. */
  readonly url: string;
  /** YYYY-MM-DD. */
  readonly releaseDate?: string;
  readonly archiveBytes?: number;
  readonly imageBytes?: number;
  /** Lower-case hexadecimal, 64 digits, like the image's. */
  readonly archiveSha256?: string;
  readonly imageSha256?: string;
  /** Tags of the models that it is for, such as `pi5-64bit`; none where the list does not say. */
  readonly devices: readonly string[];
  /** armel, armhf or arm64. */
  readonly architecture?: string;
  /** How it takes its settings: none, systemd, cloudinit, cloudinit-rpi, rpi-preseed, or a word of the future. */
  readonly initFormat?: string;
  readonly bmapUrl?: string;
}

/** An entry before it has its tag, which depends on the other entries. */
export type ListedImage = Omit<OsEntry, 'tag'>;

/** A model, as the list names it. */
export interface OsDevice {
  readonly name: string;
  readonly tags: readonly string[];
}

/** A list with all its parts. */
export interface Catalog {
  readonly entries: readonly OsEntry[];
  readonly devices: readonly OsDevice[];
  /** What is wrong with the list, each in a sentence without its full stop. */
  readonly troubles: readonly string[];
  /** The URL or the file that it comes from. */
  readonly source: string;
  /** ISO 8601. */
  readonly fetchedAt: string;
}
