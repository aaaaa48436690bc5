// Faults under the program: rules of the shim (test/shim/fault.c). `CARD` stands for the path of the card that is struck;
// `LAST` for the call with which the calm burn reads a byte, or flushes, for the last time.

import type { FaultRow } from './rows.js';

const mib = 1024 * 1024;
/** Somewhere in the middle of what is written. */
const place = 6 * mib;
const byte = 4_000_001;

type Short = Omit<FaultRow, 'where'>;

const wrong: readonly Short[] = [
  {
    fault: 'one bit of what is written arrives wrong, once',
    inject: [`write path=CARD at=${byte} flip=0 times=1`],
    code: 'good',
    says: 'rewritten',
    card: 'whole',
  },
  {
    fault: 'one bit is read wrong, once',
    inject: [`read path=CARD at=${byte} flip=3 call=LAST times=1`],
    code: 'good',
    says: 'reread',
    card: 'whole',
  },
  {
    fault: 'a bad cell: one bit is wrong whenever it is read',
    inject: [`read path=CARD at=${byte} flip=7`],
    code: 'VERIFY_MISMATCH',
    says: `1 of`,
    card: 'blank',
  },
  {
    fault: 'one bit is wrong whenever it is written',
    inject: [`write path=CARD at=${byte} flip=5`],
    code: 'VERIFY_MISMATCH',
    says: `the first at byte ${byte}`,
    card: 'blank',
  },
  {
    fault: 'the same without verifying (`--no-verify`)',
    inject: [`write path=CARD at=${byte} flip=5`],
    options: ['--no-verify'],
    code: 'good',
    says: '',
    card: 'wrong, and called good',
  },
  {
    fault: 'one bit of the partition table is wrong whenever it is written',
    inject: ['write path=CARD at=450 flip=1'],
    code: 'VERIFY_MISMATCH',
    says: '1 of',
    card: 'blank',
  },
];

const lying: readonly Short[] = [
  {
    fault: 'the card says that it has written a place, and has not, once',
    inject: [`write path=CARD at=${byte} swallow times=1`],
    code: 'good',
    says: 'rewritten',
    card: 'whole',
  },
  {
    fault: 'the card swallows everything that is written to a place',
    inject: [`write path=CARD at=${byte} swallow`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'the card swallows the partition table',
    inject: ['write path=CARD at=450 swallow'],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'a fake card: what lies beyond its real size comes out at its beginning',
    inject: [`medium path=CARD wrap=${5 * mib}`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
  {
    fault: 'a fake card: what lies beyond its real size is forgotten',
    inject: [`medium path=CARD limbo=${5 * mib}`],
    code: 'VERIFY_MISMATCH',
    says: 'does not hold what was written',
    card: 'blank',
  },
];

const harmless: readonly Short[] = [
  {
    fault: 'the card says that it has flushed, and has not; it keeps its power',
    inject: ['flush path=CARD swallow'],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'the system has no memory to map the image with',
    inject: ['mmap path=small.img errno=ENOMEM'],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'a place cannot be read back, once',
    inject: [`read path=CARD at=${byte} call=LAST times=1 errno=EIO`],
    code: 'good',
    says: 'reread',
    card: 'whole',
  },
];

const refusing: readonly Short[] = [
  {
    fault: 'the card cannot be opened: no permission',
    inject: ['open path=CARD errno=EACCES'],
    code: 'EACCES',
    says: 'may not be opened',
    card: 'untouched',
  },
  {
    fault: 'the card is in use by another program',
    inject: ['open path=CARD errno=EBUSY'],
    code: 'EBUSY',
    says: 'in use by another program',
    card: 'untouched',
  },
  {
    fault: 'the card cannot be opened: there is no medium any more',
    inject: ['open path=CARD errno=ENOMEDIUM'],
    code: 'ENOMEDIUM',
    says: 'was pulled out',
    card: 'untouched',
  },
  {
    fault: 'the card is read-only when it is opened',
    inject: ['open path=CARD errno=EROFS'],
    code: 'EROFS',
    says: 'is read-only',
    card: 'untouched',
  },
  {
    fault: 'the card turns read-only while it is written',
    inject: [`write path=CARD from=${place} errno=EROFS`],
    code: 'EROFS',
    says: 'has turned read-only',
    card: 'blank',
  },
  {
    fault: 'a place cannot be written (EIO)',
    inject: [`write path=CARD from=${place} errno=EIO`],
    code: 'EIO',
    says: 'pwrite at byte',
    card: 'blank',
  },
  {
    fault: 'a place cannot be written, once',
    inject: [`write path=CARD from=${place} errno=EIO times=1`],
    code: 'good',
    says: 'rewritten',
    card: 'whole',
  },
  {
    fault: 'a place cannot be read back',
    inject: [`read path=CARD from=${place} errno=EIO`],
    code: 'VERIFY_READ',
    says: 'cannot be read back at byte',
    card: 'blank',
  },
  {
    fault: 'the card is full before the image ends',
    inject: [`write path=CARD from=${place} errno=ENOSPC`],
    code: 'ENOSPC',
    says: 'full before the image ends',
    card: 'blank',
  },
  {
    fault: 'the card is pulled out while it is written',
    inject: [`write path=CARD from=${place} errno=ENODEV`, 'read path=CARD call=2 errno=ENODEV'],
    code: 'ENODEV',
    says: 'was pulled out',
    card: 'blank',
  },
  {
    fault: 'the card is pulled out while it is read back',
    inject: [`read path=CARD from=${place} errno=ENODEV`],
    code: 'ENODEV',
    says: 'was pulled out',
    card: 'blank',
  },
  {
    fault: 'the reader says that there is no medium any more (ENOMEDIUM)',
    inject: [`write path=CARD from=${place} errno=ENOMEDIUM`],
    code: 'ENOMEDIUM',
    says: 'was pulled out',
    card: 'blank',
  },
  {
    fault: 'the card cannot flush, although every write went well',
    inject: ['flush path=CARD call=3 errno=EIO'],
    code: 'EIO',
    says: 'fdatasync gave EIO',
    card: 'blank',
  },
  {
    fault: 'the card fails in its very last flush, after the partition table was written',
    inject: ['flush path=CARD call=LAST times=1 errno=EIO'],
    code: 'EIO',
    says: 'fdatasync gave EIO',
    card: 'blank',
  },
  {
    fault: 'the card takes no more writes once the partition table is to be written',
    inject: ['flush path=CARD call=LAST errno=EIO', 'write path=CARD call=LAST errno=EIO'],
    code: 'EIO',
    says: 'gave EIO',
    card: 'unknown',
  },
];

const slow: readonly Short[] = [
  {
    fault: 'the card hangs while it is written',
    inject: [`write path=CARD from=${place} hang`],
    options: ['--stall-timeout=2'],
    code: 'STALLED',
    says: 'while writing',
    card: 'blank',
  },
  {
    fault: 'the card hangs while it is read back',
    inject: [`read path=CARD from=${place} hang`],
    options: ['--stall-timeout=2'],
    code: 'STALLED',
    says: 'while verifying',
    card: 'blank',
  },
  {
    fault: 'each request takes a tenth of a second',
    inject: ['medium path=CARD sleep=100'],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'calls are interrupted (EINTR)',
    inject: [
      'write path=CARD errno=EINTR times=3',
      'read path=CARD call=2 errno=EINTR times=3',
      'flush path=CARD errno=EINTR times=3',
    ],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'writes are cut short',
    inject: ['write path=CARD short=65536'],
    code: 'good',
    says: '',
    card: 'whole',
  },
  {
    fault: 'reads are cut short',
    inject: ['read path=CARD call=2 short=65536'],
    code: 'good',
    says: '',
    card: 'whole',
  },
];

export const programRows: readonly FaultRow[] = [...wrong, ...lying, ...harmless, ...refusing, ...slow].map((row) => ({
  where: 'program',
  ...row,
}));
