// Fields of an OS list, none of them to be trusted: each becomes a value of the right kind, or undefined. A field that
// is there but means nothing is complained of; one that is absent or empty is not.

/** Tells that a field is not what it should be: `problem` reads on from the field's name. */
export type Complain = (field: string, problem: string) => void;

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text of one line without control characters, cut to `limit` characters; undefined when it is none or empty. */
export function textOf(value: unknown, limit: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const clean = value.slice(0, 4 * limit).replace(/[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ');
  // A cut can go through a surrogate pair.
  const cut = clean
    .trim()
    .slice(0, limit)
    .replace(/\p{Cs}$/u, '');
  return cut.trimEnd() || undefined;
}

const mostTexts = 64;

/** The texts of an array, at most 64. */
export const textsOf = (value: unknown, limit: number): string[] =>
  Array.isArray(value) ? value.slice(0, mostTexts).flatMap((text: unknown) => textOf(text, limit) ?? []) : [];

/** A size in bytes. Lists say 0 where they do not know. */
export function sizeOf(item: Json, field: string, complain: Complain): number | undefined {
  const value = item[field];
  if (isAbsent(value) || value === 0) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  complain(field, `is ${shown(value)}, not a number of bytes`);
  return undefined;
}

/** A SHA-256 digest in lower-case hexadecimal. */
export function digestOf(item: Json, field: string, complain: Complain): string | undefined {
  const value = item[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  complain(field, `is ${shown(value)}, not a SHA-256 digest`);
  return undefined;
}

/** A date of the calendar as YYYY-MM-DD. */
export function dateOf(item: Json, field: string, complain: Complain): string | undefined {
  const value = item[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === 'string' && isDate(value)) return value;
  complain(field, `is ${shown(value)}, not a date (YYYY-MM-DD)`);
  return undefined;
}

export function isDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes February 30th for March 2nd.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Where URLs of a list begin and what they may be. */
export interface Base {
  /** The list's own URL. */
  readonly url: string;
  /** Whether the list is a file, so that it may name files. */
  readonly isLocal: boolean;
}

const longestUrl = 4096;

/** An absolute URL (http, https, or file in a list that is a file itself), resolved against the list's. */
export function urlOf(item: Json, field: string, base: Base, complain: Complain): string | undefined {
  const value = item[field];
  if (isAbsent(value)) return undefined;
  const url = typeof value === 'string' && value.length <= longestUrl ? parsedUrl(value, base.url) : undefined;
  const schemes = base.isLocal ? ['http:', 'https:', 'file:'] : ['http:', 'https:'];
  if (url !== undefined && schemes.includes(url.protocol)) return url.href;
  complain(field, `is ${shown(value)}, not a URL that can be fetched`);
  return undefined;
}

/** A URL, or undefined where the text is none. */
export function parsedUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

export const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${textOf(value, 80) ?? ''}"`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'of the wrong type';
}
