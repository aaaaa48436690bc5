// The error for a program that is not installed.

import { failure, type PiburnError } from '../../errors.js';

export const decoderMissing = (program: string, what: string, debianPackage: string): PiburnError =>
  failure('DECODER_MISSING', `there is no ${program} on this machine, which piburn needs for ${what}`, {
    hint: `install it: sudo apt-get install ${debianPackage}`,
  });
