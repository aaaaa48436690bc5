// `--rootfs`: the settings are in the root file system, and nothing on the card runs to make them.

import assert from 'node:assert/strict';
import { comesUpAsAsked } from './comes-up-as-asked.js';

comesUpAsAsked({
  burned: 'with --rootfs',
  image: 'legacy',
  options: ['--rootfs'],
  checks: [
    [
      'nothing on the boot partition was needed for it',
      'ls /boot; cat /boot/cmdline.txt',
      (output) => assert.doesNotMatch(output, /firstrun|systemd\.run/),
    ],
  ],
});
