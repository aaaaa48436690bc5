// The error for an image that is not what its sender made: every decoder says it in the same words.

import { failure, type PiburnError } from '../../errors.js';

/** The error for an encoded image that is damaged or cut short. */
export const corruptImage = (name: string, why: string): PiburnError =>
  failure('IMAGE_CORRUPT', `${name} is damaged or was cut short: ${why}`, {
    hint: 'download or copy it again, and compare its SHA-256 with the published one',
  });
