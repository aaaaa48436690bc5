// Passwords become sha512crypt hashes before they go anywhere near a card: the one kind of hash that every
// release of Raspberry Pi OS takes.

import { randomBytes } from 'node:crypto';
import { encrypt } from 'unixcrypt';
import { usageError } from '../errors.js';

const saltCharacters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The longest that sha512crypt looks at. */
const saltLength = 16;
/** CRYPT_MAX_PASSPHRASE_SIZE of libxcrypt, less its NUL: a longer password could never log in. */
const maxPasswordBytes = 511;

/**
 * Hashes a password as crypt(3) `$6$salt$digest` (sha512crypt, 5000 rounds).
 * Throws a usage error `PASSWORD` when it is empty, too long, or has a line break or NUL.
 */
export function hashPassword(password: string, salt: string = randomSalt()): string {
  checkPassword(password);
  return encrypt(password, `$6$${salt}`);
}

function checkPassword(password: string): void {
  const problem = passwordProblem(password);
  if (problem === undefined) return;
  throw usageError('PASSWORD', `The password ${problem}.`, {
    hint: 'Choose another one, or leave the password out and log in with --sshkey only.',
  });
}

function passwordProblem(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (/[\r\n\0]/.test(password)) return 'has a line break or a NUL in it';
  if (Buffer.byteLength(password) > maxPasswordBytes) return `is longer than ${maxPasswordBytes} bytes`;
  return undefined;
}

/** 64 characters, so six bits of a random byte pick one without bias. */
const randomSalt = (): string => [...randomBytes(saltLength)].map((byte) => saltCharacters.charAt(byte & 63)).join('');

/** Whether a text is such a hash, as crypt(5) writes it: `$6$`, perhaps `rounds=N$`, salt, `$`, 86 characters. */
export const isPasswordHash = (text: string): boolean =>
  /^\$6\$(rounds=[0-9]{4,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}$/.test(text);
