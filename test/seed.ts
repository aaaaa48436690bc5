// Loaded before every test file: random tests draw from one seed, so that a run can be repeated. PIBURN_SEED draws anew.

import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PIBURN_SEED'] ?? 20_260_101) });
