// Public ssh keys: finding the file that a person means, and making sure that what is in it is a public key,
// whole and of the type that it says. A cut-off key would lock its owner out of a whole cluster.
// Format: sshd(8) AUTHORIZED_KEYS FILE FORMAT; the blob is that of RFC 4253 section 6.6, RFC 5656 and RFC 8709.

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, type PiburnError, usageError } from '../errors.js';

/** How many length-prefixed fields the blob of each key type has, the type's own name included. */
const fieldCounts: ReadonlyMap<string, number> = new Map([
  ['ssh-ed25519', 2],
  ['ssh-rsa', 3],
  ['ecdsa-sha2-nistp256', 3],
  ['ecdsa-sha2-nistp384', 3],
  ['ecdsa-sha2-nistp521', 3],
  ['sk-ssh-ed25519@openssh.com', 3],
  ['sk-ecdsa-sha2-nistp256@openssh.com', 4],
]);

const defaultNames = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'];
const maxFileBytes = 64 * 1024;
const maxKeys = 64;

/** Finds, reads and checks the keys that a person means; see `findKeyFile` and `parsePublicKeys`. */
export function readPublicKeys(value: string, home: string): string[] {
  const path = findKeyFile(value, home);
  return parsePublicKeys(readStart(path), path);
}

/**
 * The key file that a value means: `default` (the first of id_ed25519.pub, id_ecdsa.pub, id_rsa.pub in ~/.ssh),
 * a path (`~` is `home`), or the name of a file in ~/.ssh. Without `.pub` the file with it comes first, so that
 * `id_rsa` means the public half. Throws a usage error `KEY_NOT_FOUND` that says where it looked.
 */
export function findKeyFile(value: string, home: string): string {
  const candidates = keyFileCandidates(value, home);
  const found = candidates.find(isFile);
  if (found !== undefined) return found;
  throw usageError('KEY_NOT_FOUND', `--sshkey=${value}: there is no ${candidates.join(' and no ')}.`, {
    hint: 'Make a key with `ssh-keygen -t ed25519`, or give the path of your public key.',
  });
}

function keyFileCandidates(value: string, home: string): string[] {
  const sshFolder = join(home, '.ssh');
  if (value === 'default') return defaultNames.map((name) => join(sshFolder, name));
  const expanded = value.startsWith('~/') ? join(home, value.slice(2)) : value;
  const path = expanded.includes('/') ? expanded : join(sshFolder, expanded);
  return path.endsWith('.pub') ? [path] : [`${path}.pub`, path];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** A little more than is allowed, so that a file that is too long is seen to be. */
function readStart(path: string): string {
  const buffer = Buffer.alloc(maxFileBytes + 1);
  try {
    const file = openSync(path, 'r');
    try {
      return buffer.toString('utf8', 0, readSync(file, buffer));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw usageError(
      'KEY_UNREADABLE',
      `The key file ${path} cannot be read (${errnoOf(error) ?? 'no reason given'}).`,
      {
        hint: 'Check that it is yours and readable.',
      },
    );
  }
}

/**
 * All public keys of a text, one per line; empty lines and `#` comments are passed over.
 * `from` says in messages where the text comes from. Throws a usage error `KEY`.
 */
export function parsePublicKeys(text: string, from: string): string[] {
  refuseOtherFormats(text, from);
  const keys: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (keys.length === maxKeys) throw wrongKey(from, `has more than ${maxKeys} keys`);
    keys.push(parsePublicKey(line, `${from} line ${index + 1}`));
  }
  if (keys.length === 0) throw wrongKey(from, 'has no public key in it');
  return keys;
}

function refuseOtherFormats(text: string, from: string): void {
  if (text.length > maxFileBytes)
    throw wrongKey(from, `is longer than ${maxFileBytes / 1024} KiB, which no key file is`);
  if (/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----|^PuTTY-User-Key-File/.test(text)) {
    throw usageError('KEY_PRIVATE', `${from} holds a private key, which must never leave this machine.`, {
      hint: 'Give the public half: the file of the same name with .pub, or make it with `ssh-keygen -y -f FILE`.',
    });
  }
  if (text.includes('---- BEGIN SSH2 PUBLIC KEY ----')) {
    throw usageError('KEY', `${from} holds a public key in the SSH2 format, which OpenSSH does not read.`, {
      hint: 'Convert it with `ssh-keygen -i -f FILE`.',
    });
  }
}

/**
 * One line `type base64 [comment]`, cleaned: single spaces, no control characters in the comment.
 * Options before the type (`from="…"`, `command="…"`) are refused: a node's first key must not be limited by accident.
 * `from` says in messages where the line comes from. Throws a usage error `KEY`.
 */
export function parsePublicKey(text: string, from: string): string {
  const [type = '', base64 = '', ...comment] = text.trim().split(/\s+/);
  const fieldCount = fieldCounts.get(type);
  if (fieldCount === undefined) throw wrongKey(from, 'does not start with a key type that is known');
  if (!isBlobOf(type, fieldCount, base64)) throw wrongKey(from, `is damaged or cut off: it is no whole ${type} key`);
  return [type, base64, ...comment.map(cleaned)].filter((word) => word !== '').join(' ');
}

/** Whether the blob names the same type, and its fields fill it to the last byte. */
function isBlobOf(type: string, fieldCount: number, base64: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return false;
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64) return false;
  let offsetBytes = 0;
  for (let field = 0; field < fieldCount; field += 1) {
    if (offsetBytes + 4 > blob.length) return false;
    const start = offsetBytes + 4;
    offsetBytes = start + blob.readUInt32BE(offsetBytes);
    if (offsetBytes === start || offsetBytes > blob.length) return false;
    if (field === 0 && blob.toString('latin1', start, offsetBytes) !== type) return false;
  }
  return offsetBytes === blob.length;
}

const cleaned = (word: string): string => word.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, '');

const wrongKey = (from: string, problem: string): PiburnError =>
  usageError('KEY', `${from} ${problem}.`, {
    hint: 'A public key is one line such as `ssh-ed25519 AAAA… you@laptop`; `ssh-keygen -t ed25519` makes a new one.',
  });
