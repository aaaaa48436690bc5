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
  const code = error.code === 'EIO' && isGone(target) ? 'ENODEV' : error.code;
  const trouble = troubles[code] ?? { what: `failed (${code})`, hint: 'try another reader, then another card' };
  const where = error.offsetBytes === undefined ? '' : ` at byte ${error.offsetBytes}`;
  return {
    kind: 'failed' as const,
    code,
    message: `${target.path} ${trouble.what}: ${error.syscall}${where} gave ${error.code}`,
    hint: trouble.hint,
    ...given({ offsetBytes: error.offsetBytes }),
  };
}

/** Requests under way when a card is pulled end as EIO; whether it is still there tells a new look. */
function isGone({ path, kind, deviceNumber }: TargetIdentity): boolean {
  if (kind === 'file') return false;
  try {
    const device = openDevice(path, { write: false, bufferBytes: 4096 });
    try {
      return device.info.sizeBytes === 0 || device.info.deviceNumber !== deviceNumber;
    } finally {
      device.close();
    }
  } catch {
    return true;
  }
}

const troubles: Readonly<Record<string, { what: string; hint: string }>> = {
  EIO: { what: 'has a defect', hint: 'try the card in another reader; if it fails again, throw it away' },
  ENOSPC: { what: 'is full before the image ends', hint: 'use a larger card, or free space where the card file lies' },
  ENODEV: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  ENXIO: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  ENOMEDIUM: { what: 'was pulled out', hint: 'put the card back and burn it again' },
  EROFS: { what: 'became read-only', hint: 'a card does this at the end of its life: use another card' },
  EPERM: { what: 'may not be written', hint: 'run piburn with sudo, and check the lock switch of the card' },
  EACCES: { what: 'may not be opened', hint: 'run piburn with sudo' },
  EBUSY: { what: 'is in use by another program', hint: 'unmount it and close the programs that use it' },
  ENOENT: { what: 'is gone', hint: 'check the reader and its cable' },
  EEXIST: { what: 'appeared in the meantime', hint: 'start again' },
};
