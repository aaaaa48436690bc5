// `npm run test:boot [-- cloudinit firstrun legacy rootfs]`: cards are burned and booted in qemu. As root on Debian what
// is missing is installed; where that cannot be, the tests are skipped with the reason, and in CI that is a failure.

import { fileURLToPath } from 'node:url';
import { runHeavyTests } from '../heavy-run.js';
import { missingPrograms, neededPrograms, whyNoBoot } from './image.js';

process.exitCode = await runHeavyTests(
  {
    directory: fileURLToPath(new URL('.', import.meta.url)),
    suffix: '.boot.js',
    doing: 'boot',
    needed: neededPrograms,
    missing: missingPrograms,
    whyNot: whyNoBoot,
  },
  process.argv.slice(2),
);
