// The bytes of a file or symbolic link, whichever way they are stored.

import { runAt } from './block-map.js';
import { encrypted } from './damage.js';
import { inlineParts } from './inline-data.js';
import type { Inode } from './inode.js';
import type { Medium } from './medium.js';

/** All of an inode's bytes; the caller has seen to it that there are not too many. @throws PiburnError `EXT_ENCRYPTED`. */
export function readContent(medium: Medium, inode: Inode): Uint8Array {
  if (inode.isEncrypted) throw encrypted(inode.number);
  const content = new Uint8Array(inode.sizeBytes);
  if (inode.isInline) fillInline(medium, inode, content);
  else fillFromBlocks(medium, inode, content);
  return content;
}

function fillInline(medium: Medium, inode: Inode, content: Uint8Array): void {
  let at = 0;
  for (const part of inlineParts(medium, inode)) {
    content.set(part.subarray(0, content.length - at), at);
    at = Math.min(content.length, at + part.length);
  }
  if (at < content.length) throw medium.damaged(`inode ${inode.number} has less inline data than it says`);
}

/** Holes are zeros already. */
function fillFromBlocks(medium: Medium, inode: Inode, content: Uint8Array): void {
  const { blockBytes } = medium.layout;
  for (let at = 0; at < content.length; ) {
    const run = runAt(medium, inode, at / blockBytes);
    const count = Math.min(run.blocks, Math.ceil((content.length - at) / blockBytes));
    if (run.first !== undefined) content.set(medium.blocks(run.first, count).subarray(0, content.length - at), at);
    at += count * blockBytes;
  }
}

/** What a symbolic link may hold: a block, and never more than a path can have. */
const maxTargetBytes = 4096;
const rootBytes = 60;

/** Where a symbolic link points. */
export function readTarget(medium: Medium, inode: Inode): string {
  if (inode.isEncrypted) throw encrypted(inode.number);
  const isShort = !inode.isInline && !inode.hasBlocks;
  if (inode.sizeBytes > (isShort ? rootBytes - 1 : maxTargetBytes)) {
    throw medium.damaged(`inode ${inode.number} is too long for a symbolic link`);
  }
  const bytes = isShort ? inode.root.subarray(0, inode.sizeBytes) : readContent(medium, inode);
  return Buffer.from(bytes).toString('utf8');
}
