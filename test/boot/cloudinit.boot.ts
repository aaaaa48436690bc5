// Raspberry Pi OS since November 2025: real cloud-init, with netplan and NetworkManager.

import assert from 'node:assert/strict';
import { comesUpAsAsked } from './comes-up-as-asked.js';

comesUpAsAsked({
  burned: 'for cloud-init',
  image: 'cloudinit',
  checks: [
    [
      'cloud-init is through, without an error or a warning',
      'cloud-init status --wait --format=json',
      (output) => {
        const { status, errors, recoverable_errors: warnings } = JSON.parse(output);
        assert.deepEqual({ status, errors, warnings }, { status: 'done', errors: [], warnings: {} });
      },
    ],
    [
      "cloud-init's own schema accepts what it was given",
      'sudo cloud-init schema --system',
      (output) => assert.match(output, /Valid schema user-data/i),
    ],
  ],
});
