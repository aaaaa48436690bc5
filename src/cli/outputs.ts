// Standard output and standard error that break: a reader that went away (`| head`), a full disk, a terminal that is gone.
// None of it ends a burn, or prints a stack. What is lost is said where somebody may still read it.

import { errnoOf } from '../errors.js';

const reasons: Readonly<Record<string, string>> = {
  EPIPE: 'its reader is gone',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EIO: 'its terminal is gone',
};

export interface Outputs {
  /** From now on a reader that went away is worth a word as well: a burn goes on without it. */
  isBurning: boolean;
  /** Standard output did not take all that was to be said, although somebody wanted it. */
  isLost: boolean;
}

/** Guards both streams; to be called once, before anything is printed. */
export function guardOutputs(): Outputs {
  const outputs: Outputs = { isBurning: false, isLost: false };
  let isTold = false;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    const code = errnoOf(error) ?? '';
    // `| head` is how people say that they have seen enough.
    if (isTold || code === 'ERR_STREAM_DESTROYED' || (code === 'EPIPE' && !outputs.isBurning)) return;
    isTold = true;
    outputs.isLost = !outputs.isBurning;
    const goesOn = outputs.isBurning ? '; the burn goes on without it' : '';
    process.stderr.write(`piburn: standard output is lost: ${reasons[code] ?? code}${goesOn}\n`);
  });
  return outputs;
}
