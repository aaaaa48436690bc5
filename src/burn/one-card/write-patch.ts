// Writes the changed sectors of a boot partition onto an open card, in an order that a cut does little harm to, and reads
// all of them back: first what files hold, then the tables of clusters, then the directory that names them.

import type { FatGeometry } from '../../customise/fat/bpb.js';
import { failure } from '../../errors.js';
import type { Device } from '../../native.js';
import type { PatchBlock } from '../../protocol.js';
import { pieceBytes } from './medium.js';

/** @throws PiburnError `CARD_READ_BACK`; SystemError as the device does. */
export function writePatch(path: string, device: Device, patch: readonly PatchBlock[], geometry: FatGeometry): void {
  const stages = stagesOf(patch, geometry);
  for (const blocks of stages) {
    for (const block of blocks) write(device, block);
    if (blocks.length > 0) device.flush();
  }
  const wrong = stages.flat().find((block) => !reads(device, block));
  // The kernel keeps a cache for each partition, which knows nothing of what was written to the whole.
  if (device.info.kind === 'block') device.rereadPartitions();
  if (wrong === undefined) return;
  throw failure('CARD_READ_BACK', `${path} does not hold what was written at byte ${wrong.offsetBytes}`, {
    device: path,
    offsetBytes: wrong.offsetBytes,
    hint: 'the card is failing: use another one',
  });
}

/** The directory of FAT32 begins the data, as a rule; where it does not, it is written with the data. */
function stagesOf(patch: readonly PatchBlock[], geometry: FatGeometry): [PatchBlock[], PatchBlock[], PatchBlock[]] {
  const { dataOffsetBytes, clusterBytes, root } = geometry;
  const rootStart = 'offsetBytes' in root ? root.offsetBytes : dataOffsetBytes + (root.firstCluster - 2) * clusterBytes;
  const rootEnd = rootStart + ('offsetBytes' in root ? root.lengthBytes : clusterBytes);
  const stages: [PatchBlock[], PatchBlock[], PatchBlock[]] = [[], [], []];
  for (const block of patch.flatMap((whole) => cut(whole, [rootStart, rootEnd, dataOffsetBytes]))) {
    const isRoot = block.offsetBytes >= rootStart && block.offsetBytes < rootEnd;
    stages[isRoot ? 2 : block.offsetBytes >= dataOffsetBytes ? 0 : 1].push(block);
  }
  return stages;
}

/** Cuts a block at some offsets, and into pieces that fit the buffer. */
function cut({ offsetBytes, bytes }: PatchBlock, at: readonly number[]): PatchBlock[] {
  const pieces: PatchBlock[] = [];
  for (let done = 0; done < bytes.length; ) {
    const here = offsetBytes + done;
    const ends = [...at.filter((each) => each > here), here + pieceBytes, offsetBytes + bytes.length];
    const end = Math.min(...ends);
    pieces.push({ offsetBytes: here, bytes: bytes.subarray(done, end - offsetBytes) });
    done = end - offsetBytes;
  }
  return pieces;
}

/** The device takes whole blocks: what else is in them stays. */
function write(device: Device, { offsetBytes, bytes }: PatchBlock): void {
  const { start, lengthBytes } = wholeBlocks(device, offsetBytes, bytes.length);
  if (lengthBytes !== bytes.length) device.read(start, lengthBytes, pieceBytes);
  device.buffer.set(bytes, offsetBytes - start);
  device.writeBuffer(start, lengthBytes, pieceBytes);
}

function reads(device: Device, { offsetBytes, bytes }: PatchBlock): boolean {
  const { start, lengthBytes } = wholeBlocks(device, offsetBytes, bytes.length);
  device.buffer.fill(0, 0, lengthBytes);
  device.read(start, lengthBytes, pieceBytes);
  const within = offsetBytes - start;
  return Buffer.compare(device.buffer.subarray(within, within + bytes.length), bytes) === 0;
}

function wholeBlocks({ info }: Device, offsetBytes: number, lengthBytes: number) {
  const block = info.logicalBlockBytes;
  const start = Math.floor(offsetBytes / block) * block;
  return { start, lengthBytes: Math.ceil((offsetBytes + lengthBytes) / block) * block - start };
}
