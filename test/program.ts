// The command under test: the bundle that people get (src/bundle.mjs), not the modules that the other tests import.

import { fileURLToPath } from 'node:url';

export const programPath = fileURLToPath(new URL('../piburn/cli/main.js', import.meta.url));
