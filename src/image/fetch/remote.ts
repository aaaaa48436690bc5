// What a server says of a file in the headers of its answers: size, part and validators, after RFC 9110 (8.8 validators,
// 13.1.5 If-Range, 14.4 Content-Range).

import { given } from '../../given.js';
import type { Answer } from './ask.js';

export interface Remote {
  /** After redirects; without credentials. */
  readonly url: string;
  readonly sizeBytes?: number;
  readonly etag?: string;
  readonly lastModified?: string;
}

export function remoteOf(answer: Answer): Remote {
  const sizeBytes = answer.status === 200 ? whole(answer.header('content-length')) : rangeOf(answer)?.sizeBytes;
  const etag = plain(answer.header('etag'));
  const lastModified = plain(answer.header('last-modified'));
  return { url: answer.url, ...given({ sizeBytes, etag, lastModified }) };
}

const whole = (digits: string | undefined): number | undefined => {
  const number = digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
};

/** A header that may be sent back: what is no plain text, or very long, counts as absent. */
export const plain = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\x20-\x7e]{1,1000}$/.test(value) ? value : undefined;

/** The part that an answer carries; `sizeBytes` is the whole file's, where it is told. A 416 has no part. */
export function rangeOf(answer: Answer): { readonly firstBytes?: number; readonly sizeBytes?: number } | undefined {
  const match = /^bytes (?:(\d+)-\d+|\*)\/(?:(\d+)|\*)$/i.exec(answer.header('content-range')?.trim() ?? '');
  return match === null ? undefined : given({ firstBytes: whole(match[1]), sizeBytes: whole(match[2]) });
}

type Validators = Pick<Remote, 'etag' | 'lastModified'>;

/** What makes sure that a part belongs to the same bytes: a strong ETag, or the time of the last change. */
export function validatorOf({ etag, lastModified }: Validators): string | undefined {
  return etag !== undefined && !isWeak(etag) ? etag : lastModified;
}

const isWeak = (etag: string): boolean => etag.startsWith('W/');

/** Whether nothing that both say differs. Two weak ETags may stand for different bytes but not for different files. */
export function mayBeSame(one: Partial<Remote>, other: Partial<Remote>): boolean {
  return (['etag', 'lastModified', 'sizeBytes'] as const).every(
    (field) => one[field] === undefined || other[field] === undefined || one[field] === other[field],
  );
}
