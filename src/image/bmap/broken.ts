// The one error for a bmap that cannot be used. It is not passed over: who put it beside the image meant it.

import { failure, type PiburnError } from '../../errors.js';

/** `what` completes the sentence "the bmap NAME is broken: WHAT". */
export const broken = (name: string, what: string): PiburnError =>
  failure('BMAP_BROKEN', `the bmap ${name} is broken: ${what}`, {
    hint: 'download it again, remove it, or say --no-bmap',
  });
