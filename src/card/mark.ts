// The mark by which a card is known again over burns: a block at its very end, behind the image, in the MiB that a burn
// wipes anyway. Pure. The format is piburn's own, integers and text as bytes in this order: `PIBURN-CARD-1` filled up
// with zeros to 16, the card's id (16), a salt of the burn (16), zeros, and the XXH3-128 digest (16) of all before it.

import { digestOf } from '../image/digest.js';

/** Length of the mark; it ends where the card ends. */
export const markBytes = 4096;

const magic = Buffer.from('PIBURN-CARD-1\0\0\0');
const fieldBytes = 16;
const idAt = fieldBytes;
const saltAt = 2 * fieldBytes;
const digestAt = markBytes - fieldBytes;

/** A mark of 4096 bytes. `cardId`: 32 hexadecimal digits; `salt`: 16 bytes that no other burn has. */
export function makeMark(cardId: string, salt: Uint8Array): Buffer {
  const id = Buffer.from(cardId, 'hex');
  if (id.length !== fieldBytes || cardId.length !== 2 * fieldBytes || salt.length !== fieldBytes)
    throw new Error(`a mark needs an id and a salt of ${fieldBytes} bytes, not ${cardId} and ${salt.length} bytes`);
  const bytes = Buffer.alloc(markBytes);
  bytes.set(magic);
  bytes.set(id, idAt);
  bytes.set(salt, saltAt);
  bytes.set(digestOf(bytes.subarray(0, digestAt)), digestAt);
  return bytes;
}

/** The card id of the last 4096 bytes of a card, 32 hexadecimal digits; undefined: they are no whole mark. */
export function readMark(bytes: Uint8Array): string | undefined {
  if (bytes.length !== markBytes) return undefined;
  const mark = Buffer.from(bytes);
  if (!mark.subarray(0, magic.length).equals(magic)) return undefined;
  if (!mark.subarray(digestAt).equals(digestOf(mark.subarray(0, digestAt)))) return undefined;
  return mark.subarray(idAt, idAt + fieldBytes).toString('hex');
}
