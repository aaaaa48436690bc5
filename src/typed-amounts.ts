// Sizes and times as people type them: 4M, 8G, 512K, 32GB, 120.

import { usageError } from './errors.js';

const units: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
};

/** Bytes: `4M` and `4MiB` count in 1024 (as dd does), `4MB` in 1000. @throws PiburnError `SIZE`. */
export function parseSize(text: string, option: string): number {
  const parts = /^(\d+(?:\.\d+)?)([A-Z]*)$/.exec(text.trim().toUpperCase().replace(/IB$/, ''));
  const unit = units[parts?.[2] ?? '?'];
  const bytes = Number(parts?.[1]) * (unit ?? Number.NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw usageError('SIZE', `${option}: '${text}' is no size`, { hint: `write it as ${option}=4M or ${option}=8G` });
}

/** Milliseconds from seconds. @throws PiburnError `SECONDS`. */
export function parseSeconds(text: string, option: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds < 1e6) return seconds * 1000;
  throw usageError('SECONDS', `${option}: '${text}' is no number of seconds`, { hint: `write it as ${option}=120` });
}

/** Milliseconds from days: `90`, `90d`, `0.5`. @throws PiburnError `DAYS`. */
export function parseDays(text: string, option: string): number {
  const days = Number(/^(\d+(?:\.\d+)?)d?$/.exec(text.trim())?.[1] ?? Number.NaN);
  if (days >= 0 && days < 1e5) return days * 24 * 3_600_000;
  throw usageError('DAYS', `${option}: '${text}' is no number of days`, { hint: `write it as ${option}=90` });
}
