// Passwords that nobody has to think up: 16 characters that look different in any typeface, about 90 bits.

import { randomInt } from 'node:crypto';

const characters = 'abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679';
const length = 16;

export const randomPassword = (): string =>
  Array.from({ length }, () => characters[randomInt(characters.length)] ?? '').join('');
