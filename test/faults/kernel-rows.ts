// Faults under the kernel: a card simulator below a block device.

import type { FaultRow } from './rows.js';

export const kernelRows: readonly FaultRow[] = [];
