// `npm run test:vm [-- hub queue power mapper]`: cards are burned in readers that QEMU emulates, and that fail as real ones
// do. As root on Debian what is missing is installed; where that cannot be, the tests are skipped with the reason, and in
// CI that is a failure.

import { fileURLToPath } from 'node:url';
import { runHeavyTests } from '../heavy-run.js';
import { missingPrograms, neededPrograms, whyNoVm } from './needed.js';

process.exitCode = await runHeavyTests(
  {
    directory: fileURLToPath(new URL('.', import.meta.url)),
    suffix: '.vm.js',
    doing: 'try in a virtual machine',
    needed: neededPrograms,
    missing: missingPrograms,
    whyNot: whyNoVm,
  },
  process.argv.slice(2),
);
