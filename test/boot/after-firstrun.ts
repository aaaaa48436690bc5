// What must be gone from the boot partition when firstrun.sh has been.

import assert from 'node:assert/strict';
import type { Check } from './comes-up-as-asked.js';

export const isGone = (path: string): Check => [
  `${path} is gone`,
  `test -e ${path} && echo there || echo gone`,
  'gone',
];

export const tookItselfOff = (bootMount: string): Check => [
  'firstrun.sh has taken itself off the card',
  `findmnt -no FSTYPE ${bootMount} && ls ${bootMount} && cat ${bootMount}/cmdline.txt`,
  (output) => {
    assert.match(output, /^vfat\n/);
    assert.match(output, /root=PARTUUID=/);
    assert.doesNotMatch(output, /firstrun|systemd\.run|init=/);
  },
];
