// Faults of a real hub: USB readers in a virtual machine.

import type { FaultRow } from './rows.js';

export const hubRows: readonly FaultRow[] = [];
