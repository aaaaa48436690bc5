// Public keys as people compare them: `ssh-keygen -lf` shows the same fingerprint.

import { createHash } from 'node:crypto';
import type { CardKey } from '../../protocol.js';

const keyLine = /^(?:.*?[\s,"])?((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s+(.*))?$/;

/** A line of authorized_keys, perhaps with options before the key; undefined for comments and what is no key. */
export function describeKey(line: string): CardKey | undefined {
  const text = line.trim();
  const [, type, blob, comment = ''] = text.startsWith('#') ? [] : (keyLine.exec(text) ?? []);
  if (type === undefined || blob === undefined) return undefined;
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
  return { type, fingerprint: `SHA256:${digest}`, comment: comment.trim() };
}

export const describeKeys = (lines: readonly string[]): CardKey[] => lines.flatMap((line) => describeKey(line) ?? []);
