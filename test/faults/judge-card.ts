// What a card holds after a burn was cut, judged without any part of piburn: whole, without anything that starts or
// mounts, or still what it was before. Anything else is what must never be.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const mib = 1024 * 1024;
const block = 4096;

export type Verdict = 'whole' | 'blank' | 'untouched' | 'half wiped';

export interface Known {
  readonly image: Buffer;
  /** The card before the burn. */
  readonly before: Buffer;
}

/**
 * @throws Error, which says what is wrong, for a card that starts or mounts and is not whole.
 */
export function judgeCard(card: Buffer, { image, before }: Known): Verdict {
  if (card.equals(before)) return 'untouched';
  if (card.subarray(0, image.length).equals(image)) return 'whole';
  const head = card.subarray(0, block);
  if (isZero(head)) return 'blank';
  // The old partition table is still there: then nothing but zeros may have been written yet, or an old table would
  // lead into a new file system.
  if (isOldOrZero(head, before, 0)) {
    const wrong = firstForeign(card, before);
    if (wrong === undefined) return 'half wiped';
    throw new Error(`the card still has its old first block, and at byte ${wrong} something new`);
  }
  throw new Error('the first block is neither zero nor old, and the card is not whole');
}

/** The first block that is neither as before nor zero. */
function firstForeign(card: Buffer, before: Buffer): number | undefined {
  for (let at = 0; at < card.length; at += block) {
    const bytes = card.subarray(at, at + block);
    if (!isOldOrZero(bytes, before, at)) return at;
  }
  return undefined;
}

/** Sector by sector: a block may have been wiped in part. */
function isOldOrZero(bytes: Buffer, before: Buffer, offsetBytes: number): boolean {
  if (bytes.equals(before.subarray(offsetBytes, offsetBytes + bytes.length))) return true;
  for (let at = 0; at < bytes.length; at += 512) {
    const sector = bytes.subarray(at, at + 512);
    const old = before.subarray(offsetBytes + at, offsetBytes + at + sector.length);
    if (!isZero(sector) && !sector.equals(old)) return false;
  }
  return true;
}

const zeros = Buffer.alloc(4 * mib);
const isZero = (bytes: Buffer): boolean => bytes.equals(zeros.subarray(0, bytes.length));

/** Second programs' eyes: what blkid and sfdisk make of a disk. */
export class SecondLook {
  readonly #scratch: string;
  readonly #most: number;
  readonly #seen = new Set<string>();

  /** `most`: so many disks at most, since each costs two programs. */
  constructor(scratch: string, most: number) {
    this.#scratch = scratch;
    this.#most = most;
  }

  /** How many different disks they were shown. */
  get count(): number {
    return this.#seen.size;
  }

  /** What there is to be seen on a disk; empty: nothing. Disks with the same ends as an earlier one are not shown again. */
  signsOf(bytes: Buffer): string {
    const ends = createHash('sha256').update(bytes.subarray(0, mib)).update(bytes.subarray(-mib)).digest('hex');
    if (this.#seen.has(ends) || this.#seen.size >= this.#most) return '';
    this.#seen.add(ends);
    writeFileSync(this.#scratch, bytes);
    const blkid = spawnSync('blkid', ['--probe', '--output', 'export', this.#scratch], { encoding: 'utf8' });
    const sfdisk = spawnSync('sfdisk', ['--dump', this.#scratch], { encoding: 'utf8' });
    const signs = (blkid.stdout ?? '').replaceAll(/^DEVNAME=.*$/gm, '').trim();
    return [signs, (sfdisk.stdout ?? '').trim()].filter((text) => text !== '').join('\n');
  }
}
