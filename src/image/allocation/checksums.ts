// The three reflected CRCs of partition tables and ext file systems. (node:zlib has no crc32 on Node 20.)

/** CRC-32 of a GPT (UEFI 5.3.2, ISO 3309). */
export const crc32 = (bytes: Uint8Array): number => ~update(crc32Table, ~0, bytes) >>> 0;

/** CRC-32C as ext4 keeps it: carried on from a seed, not inverted at the end. */
export const crc32c = (seed: number, bytes: Uint8Array): number => update(crc32cTable, seed, bytes) >>> 0;

/** CRC-16 of ext4 group descriptors without metadata_csum: carried on from a seed. */
export const crc16 = (seed: number, bytes: Uint8Array): number => update(crc16Table, seed, bytes);

const crc32Table = table(0xedb88320);
const crc32cTable = table(0x82f63b78);
const crc16Table = table(0xa001);

function table(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let remainder = index;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? polynomial ^ (remainder >>> 1) : remainder >>> 1;
    return remainder;
  });
}

function update(remainders: Uint32Array, seed: number, bytes: Uint8Array): number {
  let crc = seed;
  for (const byte of bytes) crc = (remainders[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc;
}
