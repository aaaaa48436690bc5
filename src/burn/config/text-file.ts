// Reads a file that a person wrote: small, UTF-8, and perhaps with a password in it.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, type PiburnError, usageError } from '../../errors.js';

const maxFileBytes = 1024 * 1024;

export type FileOption = '--config' | '--inventory';

/** Where a message comes from. */
export interface Source {
  /** The file as it was named. */
  readonly file: string;
  readonly option: FileOption;
}

export interface TextFile extends Source {
  /** Without a byte order mark. */
  readonly text: string;
  /** Permission bits, where it is a regular file that others than its owner may read. */
  readonly sharedMode?: number;
}

/**
 * Reads a file of at most 1 MiB of UTF-8; a pipe (`<(…)` of a shell) will do as well.
 * @throws PiburnError (usage) `CONFIG` or `INVENTORY`.
 */
export function readTextFile(path: string, option: FileOption): TextFile {
  const source: Source = { file: printable(path), option };
  const { bytes, sharedMode } = readBytes(path, source);
  if (bytes.length > maxFileBytes)
    throw fileError(source, 'is larger than 1 MiB, which no such file is', 'name the file that you wrote');
  const text = bytes.toString('utf8');
  const encoded = Buffer.from(text, 'utf8');
  if (!encoded.equals(bytes) || text.includes('\0')) {
    const start = text.search(/[\0\ufffd]/);
    throw complaint(source, lineAt(text, start), 'this is not UTF-8 text', 'save the file as plain text in UTF-8');
  }
  return { ...source, text: text.replace(/^\ufeff/, ''), ...(sharedMode === undefined ? {} : { sharedMode }) };
}

function readBytes(path: string, source: Source): { bytes: Buffer; sharedMode: number | undefined } {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const stats = fstatSync(descriptor);
      const isShared = stats.isFile() && (stats.mode & 0o044) !== 0;
      return { bytes: readUpTo(descriptor, maxFileBytes + 1), sharedMode: isShared ? stats.mode & 0o777 : undefined };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'does not exist',
      EISDIR: 'is a directory',
      EACCES: 'may not be read',
    };
    const errno = errnoOf(error) ?? 'unknown error';
    throw fileError(source, reasons[errno] ?? `cannot be read (${errno})`, `check the path after ${source.option}`);
  }
}

function readUpTo(descriptor: number, limitBytes: number): Buffer {
  const buffer = Buffer.alloc(limitBytes);
  let length = 0;
  while (length < limitBytes) {
    const got = readSync(descriptor, buffer, length, limitBytes - length, null);
    if (got === 0) break;
    length += got;
  }
  return buffer.subarray(0, length);
}

/** The line of a place in a text, counted from 1. */
const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

const codeOf = (source: Source): string => (source.option === '--config' ? 'CONFIG' : 'INVENTORY');

/** A usage error about a line of a file. */
export const complaint = (source: Source, line: number, problem: string, hint: string): PiburnError =>
  usageError(codeOf(source), `${source.file}:${line}: ${problem}`, { hint });

/** A usage error about a file as a whole. */
export const fileError = (source: Source, problem: string, hint: string): PiburnError =>
  usageError(codeOf(source), `${source.file} ${problem}`, { hint });

/** Words of a file for messages, which may go to a terminal: without control characters, and not endlessly long. */
export const printable = (text: string): string => {
  const clean = text.slice(0, 2000).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
};
