// Content that lies in the inode itself: 60 bytes where block numbers would be, the rest in the attribute system.data.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/{inlinedata,attributes}.rst.

import { littleEndian } from '../../image/allocation/fields.js';
import type { Inode } from './inode.js';
import type { Medium } from './medium.js';

const attributesMagic = 0xea020000;
const headerBytes = 4;
const entryBytes = 16;
const systemPrefix = 7;

/** The two parts of an inode's content; the second may be empty. */
export function inlineParts(medium: Medium, inode: Inode): [Uint8Array, Uint8Array] {
  const value = systemData(inode.attributes);
  if (value === undefined) throw medium.damaged(`inode ${inode.number} has lost its inline data`);
  return [inode.root, value];
}

/** The value of system.data; undefined when there is none, or none that makes sense. */
function systemData(attributes: Uint8Array): Uint8Array | undefined {
  if (attributes.length < headerBytes || littleEndian(attributes).u32(0) !== attributesMagic) return undefined;
  // Values are placed from the first entry on.
  const bytes = attributes.subarray(headerBytes);
  const fields = littleEndian(bytes);
  for (let at = 0; at + entryBytes <= bytes.length; ) {
    const nameLength = fields.u8(at);
    if (fields.u32(at) === 0) return undefined;
    const name = fields.bytes(at + entryBytes, nameLength);
    if (fields.u8(at + 1) === systemPrefix && Buffer.from(name).toString('latin1') === 'data') {
      const [start, length] = [fields.u16(at + 2), fields.u32(at + 8)];
      const isHere = fields.u32(at + 4) === 0 && start + length <= bytes.length;
      return isHere ? bytes.subarray(start, start + length) : undefined;
    }
    at += entryBytes + Math.ceil(nameLength / 4) * 4;
  }
  return undefined;
}
