// Writes an image onto cards with etcher-sdk and lets it verify them, as balenaEtcher does:
// `node etcher-write.mjs DIRECTORY IMAGE CARD...`; DIRECTORY holds its node_modules.
// A compressed image is decoded into a file first: streaming .xz writes wrong data (etcher-sdk issue 333).

import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

const [directory, image, ...cards] = process.argv.slice(2);
const { multiWrite, sourceDestination } = createRequire(join(directory, 'package.json'))('etcher-sdk');

const sizeOf = (device) =>
  statSync(device).isBlockDevice()
    ? Number(readFileSync(`/sys/class/block/${basename(device)}/size`, 'utf8')) * 512
    : statSync(device).size;

/** What drivelist would say of a card. */
const driveOf = (device) => ({
  device,
  devicePath: device,
  raw: device,
  displayName: device,
  description: device,
  size: sizeOf(device),
  blockSize: 512,
  logicalBlockSize: 512,
  mountpoints: [],
  isSystem: false,
  isReadOnly: false,
  isRemovable: true,
  busType: 'USB',
});

const destinations = cards.map(
  (device) =>
    new sourceDestination.BlockDevice({ drive: driveOf(device), write: true, direct: true, unmountOnSuccess: false }),
);
const { failures } = await multiWrite.decompressThenFlash({
  source: new sourceDestination.File({ path: image }),
  destinations,
  onFail: (destination, error) => console.error(`${destination.drive.device}: ${error.message}`),
  onProgress: () => {},
  verify: true,
  // As balenaEtcher chooses it: 2, and 32 for each further card, 256 at most.
  numBuffers: Math.min(256, 2 + 32 * (cards.length - 1)),
  decompressFirst: true,
  trim: process.env.PIBURN_BENCH_TRIM === '1',
});
process.exit(failures.size === 0 ? 0 : 1);
