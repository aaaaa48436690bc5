// Changes inputs at random: numbers where the seed has something, words that the format knows, pieces taken out, copied
// and cut off, and edits of other inputs.

import type { Edit, Input } from './input.js';
import type { Random } from './random.js';

/** What mutations need to know of a target and of one seed. */
export interface Ground {
  readonly bytes: Buffer;
  /** Where the seed is not zero: its metadata. */
  readonly places: Uint32Array;
  readonly words: readonly string[];
  /** A text may grow and shrink; in an image everything has its place. */
  readonly isText: boolean;
}

const maxEdits = 24;
const numbers = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024, 4095, 4096, 0x7fff, 0x8000,
  0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff7, 0xfffffff8, 0xfffffffe, 0xffffffff,
];
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function groundOf(bytes: Buffer, words: readonly string[], isText: boolean): Ground {
  const places: number[] = [];
  for (const [offset, byte] of bytes.entries()) if (byte !== 0) places.push(offset);
  return { bytes, places: Uint32Array.from(places), words, isText };
}

/** One to four changes of an input; `other` has the same seed. */
export function mutate(input: Input, other: Input, ground: Ground, random: Random): Input {
  let edits = [...input.edits];
  for (let times = 1 + random.below(4); times > 0; times--) {
    if (edits.length > 0 && random.chance(6)) edits.splice(random.below(edits.length), 1);
    else if (other.edits.length > 0 && random.chance(8)) edits.unshift(random.of(other.edits));
    else if (edits.length > 0 && random.chance(3))
      edits = edits.map((edit, at) => (at === 0 ? retouched(edit, random) : edit));
    else edits.unshift(ground.isText ? textEdit(ground, random) : imageEdit(ground, random));
    if (random.chance(2)) edits.push(...edits.splice(0, 1));
  }
  return { seed: input.seed, edits: edits.slice(0, maxEdits) };
}

/** The same place with another number. */
function retouched(edit: Edit, random: Random): Edit {
  const bytes = Buffer.from(edit.insert, 'hex');
  if (bytes.length === 0) return edit;
  const at = random.below(bytes.length);
  const step = random.of([1, -1, 2, -2, 4, 8, 16, 64, 128, 255]);
  bytes[at] = random.chance(2) ? random.word() & 0xff : ((bytes[at] ?? 0) + step) & 0xff;
  return { ...edit, insert: hexOf(bytes) };
}

function imageEdit(ground: Ground, random: Random): Edit {
  const { bytes } = ground;
  const at = placeIn(ground, random);
  if (random.chance(60)) return { at: random.below(bytes.length), remove: bytes.length, insert: '' };
  const insert = random.chance(12) ? copied(ground, random, 1 + random.below(64)) : numberBytes(random);
  const fitting = insert.subarray(0, Math.max(0, bytes.length - at));
  return { at, remove: fitting.length, insert: hexOf(fitting) };
}

function textEdit(ground: Ground, random: Random): Edit {
  const { bytes, words } = ground;
  const at = random.below(bytes.length + 1);
  const remove = random.chance(2) ? 0 : random.below(random.chance(8) ? bytes.length : 8);
  switch (random.below(words.length > 0 ? 6 : 4)) {
    case 0:
      return { at, remove: Math.max(1, remove), insert: '' };
    case 1:
      return { at, remove, insert: hexOf(copied(ground, random, 1 + random.below(100))) };
    case 2:
      return { at, remove, insert: hexOf(Buffer.from([random.word() & (random.chance(2) ? 0x7f : 0xff)])) };
    case 3:
      return { at, remove, insert: hexOf(Buffer.from(String(random.of(numbers)))) };
    default:
      return { at, remove, insert: hexOf(Buffer.from(random.of(words))) };
  }
}

function placeIn({ places, bytes }: Ground, random: Random): number {
  const place = places[random.below(places.length)] ?? 0;
  const near = place + (random.chance(3) ? random.below(16) - 4 : 0);
  return Math.max(0, Math.min(bytes.length - 1, random.chance(40) ? random.below(bytes.length) : near));
}

function copied({ bytes }: Ground, random: Random, lengthBytes: number): Buffer {
  const from = random.below(Math.max(1, bytes.length - lengthBytes));
  return bytes.subarray(from, from + lengthBytes);
}

function numberBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(4);
  const value = random.chance(2) ? random.of(numbers) : random.word() >>> random.below(32);
  if (random.chance(6)) bytes.writeUInt32BE(value);
  else bytes.writeUInt32LE(value);
  return bytes.subarray(0, random.of([1, 1, 2, 2, 4]));
}
