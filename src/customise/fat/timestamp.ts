// Times as FAT keeps them: two seconds fine, from 1980 to 2107, without a zone. piburn writes UTC.

/** Date and time words of a directory entry (fatgen103, "Date and Time Formats"). */
export interface FatTimestamp {
  readonly date: number;
  readonly time: number;
  /** What `time` cannot say of a creation time: 0 to 199 hundredths of a second. */
  readonly hundredths: number;
}

const earliestMs = Date.UTC(1980, 0, 1);
const latestMs = Date.UTC(2107, 11, 31, 23, 59, 59, 999);

/** The nearest time that FAT can hold; 1980 for an invalid date. */
export function fatTimestamp(moment: Date): FatTimestamp {
  const momentMs = Number.isNaN(moment.getTime()) ? earliestMs : moment.getTime();
  const at = new Date(Math.min(Math.max(momentMs, earliestMs), latestMs));
  const seconds = at.getUTCSeconds();
  return {
    date: ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (seconds >>> 1),
    hundredths: (seconds % 2) * 100 + Math.floor(at.getUTCMilliseconds() / 10),
  };
}
