// Faults under the kernel: a card simulator below a block device. What is injected is in the words of
// test/fuse/card-words.c; the cards have 128 MiB, the image a little over 9 MiB.

import type { FaultRow } from './rows.js';

const mib = 1024 * 1024;
/** Somewhere in the middle of the image: a byte, and a range. */
const byte = 4_000_001;
const range = `from=${6 * mib} to=${7 * mib}`;

type Short = Omit<FaultRow, 'where'>;

const lying: readonly Short[] = [
  {
    fault: 'the card says yes to every write and stays as it is, as worn-out cards do',
    inject: ['write swallow'],
    code: 'WRITES_IGNORED',
    says: 'takes every write and stays as it was',
    card: 'unknown',
  },
  {
    fault: 'a fake card smaller than the image: what lies beyond its real size comes out at its beginning',
    inject: [`both wrap=${4 * mib}`],
    code: 'FAKE_CAPACITY',
    says: 'came back as the image',
    card: 'blank',
  },
  {
    fault: 'a fake card that has room for the image: what lies beyond its real size comes out at its beginning',
    inject: [`both wrap=${64 * mib}`],
    code: 'FAKE_CAPACITY',
    says: 'holds about 67.1 MB',
    card: 'blank',
  },
  {
    fault: 'a fake card smaller than the image: what lies beyond its real size is forgotten',
    inject: [`both limbo=${4 * mib}`],
    code: 'FAKE_CAPACITY',
    says: 'was lost (all bytes are 00)',
    card: 'blank',
  },
  {
    fault: 'a fake card that has room for the image: what lies beyond its real size is forgotten',
    inject: [`both limbo=${16 * mib}`],
    code: 'FAKE_CAPACITY',
    says: 'was lost (all bytes are 00)',
    card: 'blank',
  },
  {
    fault: 'the card says that it has written a range, and has not',
    inject: [`write swallow ${range}`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'the card says yes to every write, and from the middle of the burn on it stays as it is',
    inject: [`write swallow behind=${6 * mib}`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'one bit is wrong whenever it is written',
    inject: [`write flip=5 at=${byte}`],
    code: 'VERIFY_MISMATCH',
    says: `the first at byte ${byte}`,
    card: 'blank',
  },
];

const weak: readonly Short[] = [
  {
    fault: 'a bit flips in reading, now and then',
    inject: [`read flip=2 at=${byte} every=3`],
    code: 'good',
    says: 'reread',
    card: 'whole',
  },
  {
    fault: 'a bit flips in every reading',
    inject: [`read flip=2 to=${9 * mib}`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'a weak place has lost a bit when it is first read back',
    inject: [`read fade=0 at=${byte}`],
    code: 'VERIFY_MISMATCH',
    says: '1 of',
    card: 'blank',
  },
  {
    fault: 'a weak place reads back right twice, and wrong from then on: nobody can see that beforehand',
    inject: [`read fade=2 at=${byte}`],
    code: 'good',
    says: '',
    card: 'wrong, and called good',
  },
];

const failing: readonly Short[] = [
  {
    fault: 'a range can be neither written nor read',
    inject: [`both errno=EIO ${range}`],
    code: 'EIO',
    says: 'pwrite at byte',
    card: 'blank',
  },
  {
    fault: 'a range cannot be written',
    inject: [`write errno=EIO ${range}`],
    code: 'EIO',
    says: 'pwrite at byte',
    card: 'blank',
  },
  {
    fault: 'a range cannot be read back',
    inject: [`read errno=EIO ${range}`],
    code: 'VERIFY_READ',
    says: 'cannot be read back at byte',
    card: 'blank',
  },
  {
    fault: 'what lies behind the image cannot be read',
    inject: [`read errno=EIO from=${16 * mib}`],
    code: 'FAKE_CAPACITY',
    says: 'it cannot be read',
    card: 'blank',
  },
  {
    fault: 'what lies behind the image cannot be written',
    inject: [`write errno=EIO from=${16 * mib}`],
    code: 'EIO',
    says: 'pwrite at byte',
    card: 'blank',
  },
  {
    fault: 'the card cannot flush',
    inject: [`flush errno=EIO behind=${6 * mib}`],
    code: 'EIO',
    says: 'gave EIO',
    card: 'blank',
  },
  {
    fault: 'the card takes no more writes in the middle of the burn',
    inject: [`write errno=EIO behind=${6 * mib}`],
    code: 'EIO',
    says: 'has a defect',
    card: 'blank',
  },
  {
    fault: 'the card turns read-only in the middle of the burn, and the kernel knows it',
    inject: [`write readonly=LOOP behind=${6 * mib}`],
    code: 'EROFS',
    says: 'has turned read-only',
    card: 'blank',
  },
  {
    fault: 'the card is full in the middle of the burn',
    inject: [`write errno=ENOSPC behind=${6 * mib}`],
    code: 'ENOSPC',
    says: 'full before the image ends',
    card: 'blank',
  },
];

const slow: readonly Short[] = [
  {
    fault: 'each request takes a hundredth of a second',
    inject: ['both sleep=10'],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'the card does not answer for a second, and goes on',
    inject: [`write sleep=1000 at=${byte} times=1`, `read sleep=1000 at=${byte} times=1`],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'a write does not come back from the kernel',
    inject: [`write hang ${range}`],
    options: ['--stall-timeout=2'],
    code: 'STALLED',
    says: 'while writing',
    card: 'blank',
  },
  {
    fault: 'a read does not come back from the kernel',
    inject: [`read hang ${range}`],
    options: ['--stall-timeout=2'],
    code: 'STALLED',
    says: 'while verifying',
    card: 'blank',
  },
];

export const kernelRows: readonly FaultRow[] = [...lying, ...weak, ...failing, ...slow].map((row) => ({
  where: 'kernel',
  ...row,
}));
