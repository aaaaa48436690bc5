// The 32 bytes that a directory is made of, and the values in them that several files need (fatgen103, "FAT Directory
// Structure").

export const slotBytes = 32;

/** First byte of a slot that was given up. */
export const deletedMark = 0xe5;
/** First byte of the slot after the last one. */
export const endMark = 0x00;

/** Bits of byte 11. */
export const attributes = { volumeLabel: 0x08, directory: 0x10, archive: 0x20, longName: 0x0f } as const;
