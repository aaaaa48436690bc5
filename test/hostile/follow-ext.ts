// What a child does with an ext2 of very many groups: follows it, as the spool worker would.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/globals.rst.

import { Allocation } from '../../src/image/allocation/allocation.js';

export interface Followed {
  readonly reads: number;
  readonly note?: string;
}

const blockBytes = 1024;
const startBytes = 1024 * 1024;

export interface ExtOrder {
  readonly groups: number;
  readonly blocksPerGroup: number;
  /** Blocks in each group that are kept for more descriptors. */
  readonly reserved: number;
}

export async function answer({ groups, blocksPerGroup, reserved }: ExtOrder): Promise<Followed> {
  const blocks = groups * blocksPerGroup;
  const contents: readonly (readonly [offsetBytes: number, bytes: Buffer])[] = [
    [0, masterBootRecord(blocks)],
    [startBytes + 1024, superblock({ groups, blocksPerGroup, reserved })],
  ];
  let reads = 0;
  const allocation = new Allocation((offsetBytes, lengthBytes) => {
    reads += 1;
    const bytes = Buffer.alloc(lengthBytes);
    for (const [at, content] of contents)
      if (at >= offsetBytes && at < offsetBytes + lengthBytes) content.copy(bytes, at - offsetBytes);
    const block = (offsetBytes - startBytes) / blockBytes;
    if (block >= 2 && block < 2 + (groups * 32) / blockBytes) fillDescriptors(bytes);
    return bytes;
  });
  allocation.advance(startBytes + blocks * blockBytes, true);
  const note = allocation.partitions[0]?.note;
  return { reads, ...(note !== undefined && { note }) };
}

function masterBootRecord(blocks: number): Buffer {
  const record = Buffer.alloc(512);
  record.writeUInt8(0x83, 450);
  record.writeUInt32LE(startBytes / 512, 454);
  record.writeUInt32LE(blocks * (blockBytes / 512), 458);
  record.writeUInt16LE(0xaa55, 510);
  return record;
}

function superblock({ groups, blocksPerGroup, reserved }: ExtOrder): Buffer {
  const bytes = Buffer.alloc(1024);
  const words = [
    [0x0, groups * 8],
    [0x4, groups * blocksPerGroup],
    [0x14, 1],
    [0x20, blocksPerGroup],
    [0x28, 8],
    [0x4c, 1],
  ] as const;
  for (const [offset, value] of words) bytes.writeUInt32LE(value, offset);
  const halves = [
    [0x38, 0xef53],
    [0x3a, 1],
    [0x58, 128],
    [0xce, reserved],
  ] as const;
  for (const [offset, value] of halves) bytes.writeUInt16LE(value, offset);
  return bytes;
}

/** All groups share their tables, behind all the descriptors. */
function fillDescriptors(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 32) {
    for (const [index, block] of [5000, 5001, 5002].entries()) bytes.writeUInt32LE(block, at + index * 4);
  }
}
