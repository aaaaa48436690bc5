// `node dist/test/faults/write-table.js` writes FAULTS.md anew.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { faultsPage } from './table.js';

writeFileSync(fileURLToPath(new URL('../../../FAULTS.md', import.meta.url)), faultsPage());
