// How piburn says numbers and other people's words: durations, sizes, speeds, counts, and names without the
// control characters that could move the cursor, recolour the terminal or reverse the reading order.

/** What is printed where a number is unknown or makes no sense. */
export const unknownText = '-';

const longestDurationMs = (999 * 60 + 59) * 60_000;

/** A time for people: `0.4 s`, `12 s`, `2 min 10 s`, `1 h 2 min`; at most `999 h 59 min`. */
export function duration(elapsedMs: number): string {
  if (!isAmount(elapsedMs)) return unknownText;
  if (elapsedMs < 9_950) return `${Number((elapsedMs / 1000).toFixed(1))} s`;
  const seconds = Math.round(Math.min(elapsedMs, longestDurationMs) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

/** A time that is still running: whole seconds, so that it does not flicker. */
export const runningTime = (elapsedMs: number): string => duration(Math.round(elapsedMs / 1000) * 1000);

const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

const byteUnits = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** A size with three digits and decimal units, as printed on cards: `512 B`, `4.19 MB`, `31.9 GB`. */
export function bytes(countBytes: number): string {
  if (!isAmount(countBytes)) return unknownText;
  let value = Math.min(countBytes, Number.MAX_SAFE_INTEGER);
  let unit = 'B';
  for (const larger of byteUnits) {
    if (Number(value.toPrecision(3)) < 1000) break;
    value /= 1000;
    unit = larger;
  }
  return unit === 'B' ? `${Math.round(value)} B` : `${value.toPrecision(3)} ${unit}`;
}

/** The number of MB/s (10^6 bytes), without the unit: `23.4`, from 1000 on `3540`. */
export function megabytesPerSecond(bytesPerSecond: number | undefined): string {
  if (bytesPerSecond === undefined || !isAmount(bytesPerSecond)) return unknownText;
  const megabytes = Math.min(bytesPerSecond / 1e6, 99_999);
  return megabytes.toFixed(megabytes < 999.95 ? 1 : 0);
}

/** A speed: `23.4 MB/s`. */
export const rate = (bytesPerSecond: number): string => `${megabytesPerSecond(bytesPerSecond)} MB/s`;

/** Bytes over milliseconds as bytes per second; undefined where that makes no sense. */
export function bytesPerSecond(countBytes: number, elapsedMs: number): number | undefined {
  if (!isAmount(countBytes) || !isAmount(elapsedMs) || elapsedMs === 0) return undefined;
  const speed = (countBytes / elapsedMs) * 1000;
  return Number.isFinite(speed) ? speed : undefined;
}

/** `1 card`, `20 cards`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A whole percentage, 0 to 100, never rounded up to 100; undefined while the total is unknown. */
export function percentage(doneBytes: number, totalBytes: number | undefined): number | undefined {
  if (totalBytes === undefined || !isAmount(totalBytes) || totalBytes === 0 || !isAmount(doneBytes)) return undefined;
  return Math.floor(Math.min(doneBytes / totalBytes, 1) * 100);
}

/**
 * Text from outside (names, models, labels, messages) made harmless on one line: line breaks and tabs become
 * spaces; other control characters (C0, C1, so ESC and CSI too), format characters (bidi, zero width) and
 * lone surrogates go.
 */
export function stripControls(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
}

/** Text from outside as one harmless sentence that ends with a full stop. */
export function sentence(text: string): string {
  const clean = stripControls(text).trim();
  return /[.!?]$/.test(clean) ? clean : `${clean}.`;
}

/** Whether a number can be an amount of anything: finite and not negative. */
export const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0;
