// How a burn that went wrong is told: what an errno of the card means to a person, and what to try next.

import { toFailure } from '../errors.js';
import { given } from '../given.js';
import { isSystemError, openDevice, type SystemError } from '../native.js';
import type { CardResult, TargetIdentity } from '../protocol.js';

/** Thrown when the person wants to stop. */
export class Cancelled extends Error {}

/** The outcome of a burn that threw. */
export function ending(problem: unknown, target: TargetIdentity): Pick<CardResult, 'outcome' | 'failure'> {
  const { path } = target;
  if (problem instanceof Cancelled)
    return {
      outcome: 'cancelled',
      failure: { kind: 'interrupted', code: 'INTERRUPTED', message: `${path} was interrupted`, device: path },
    };
  const known = isSystemError(problem) && problem.path === path ? cardTrouble(problem, target) : toFailure(problem);
  return { outcome: 'failed', failure: { ...known, device: path } };
}

function cardTrouble(error: SystemError, target: TargetIdentity) {
  const code = realCode(error, target);
  const known = error.syscall === 'open' ? (openTroubles[code] ?? troubles[code]) : troubles[code];
  const trouble = known ?? { what: `failed (${code})`, hint: 'try another reader, then another card' };
  const where = error.offsetBytes === undefined ? '' : ` at byte ${error.offsetBytes}`;
  return {
    kind: 'failed' as const,
    code,
    message: `${target.path} ${trouble.what}: ${error.syscall}${where} gave ${error.code}`,
    hint: trouble.hint,
    ...given({ offsetBytes: error.offsetBytes, lengthBytes: error.lengthBytes }),
  };
}

const writeCalls = ['pwrite', 'fdatasync', 'fallocate'];

/**
 * What the errno stands for. Requests under way when a card is pulled, or when it turns read-only, end as EIO, and the
 * next one finds a disk of no size (ENOSPC); a new look tells. Later ones are refused by the kernel itself: EPERM for a device that has the read-only flag (blkdev_write_iter).
 */
function realCode({ code, syscall }: SystemError, target: TargetIdentity): string {
  if (target.kind === 'file') return code;
  const isWrite = writeCalls.includes(syscall);
  if (isWrite && (code === 'EPERM' || code === 'EACCES')) return 'EROFS';
  if (code !== 'EIO' && code !== 'ENOSPC') return code;
  const state = stateNow(target);
  if (state === 'gone') return 'ENODEV';
  return state === 'read-only' && isWrite ? 'EROFS' : code;
}

function stateNow({ path, deviceNumber }: TargetIdentity): 'gone' | 'read-only' | 'there' {
  try {
    const device = openDevice(path, { write: false, bufferBytes: 4096 });
    try {
      if (device.info.sizeBytes === 0 || device.info.deviceNumber !== deviceNumber) return 'gone';
      return device.info.readOnly ? 'read-only' : 'there';
    } finally {
      device.close();
    }
  } catch {
    return 'gone';
  }
}

/** What an errno means of a card that was open and is being written. */
const troubles: Readonly<Record<string, { what: string; hint: string }>> = {
  EIO: { what: 'has a defect', hint: 'try the card in another reader; if it fails again, throw it away' },
  ENOSPC: { what: 'is full before the image ends', hint: 'use a larger card, or free space where the card file lies' },
  ENODEV: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  ENXIO: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  ENOMEDIUM: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  ESHUTDOWN: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  EROFS: {
    what: 'has turned read-only, as cards do at the end of their life',
    hint: 'use another card; this one can still be read',
  },
  EPERM: { what: 'may not be written', hint: 'run piburn with sudo, and check the lock switch of the card' },
  EACCES: { what: 'may not be opened', hint: 'run piburn with sudo' },
  EBUSY: { what: 'is in use by another program', hint: 'unmount it and close the programs that use it' },
  ENOENT: { what: 'is gone', hint: 'check the reader and its cable' },
  EEXIST: { what: 'appeared in the meantime', hint: 'start again' },
};

/** The same when it could not even be opened. */
const openTroubles: typeof troubles = {
  EROFS: { what: 'is read-only', hint: "slide the card's lock switch, or use another card" },
};
