// The long life of a soak: one process that burns run after run through the library, under the fault shim, told over IPC.
// Whoever started it looks at the cards, the store, and at what it holds, from outside.

import { type BurnSummary, burn, type Failure, PiburnError } from '../../src/index.js';
import type { RunOptions } from './plan.js';
import type { RunFault } from './run-faults.js';

export interface BurnRequest {
  readonly image: string;
  readonly device: string;
  readonly store: string;
  readonly options: RunOptions;
  readonly caller: RunFault['caller'];
}

export type BurnReply = { readonly summary: BurnSummary } | { readonly failure: Failure | string };

process.on('message', (request: BurnRequest) => {
  void burnOnce(request).then(reply);
});

async function burnOnce({ image, device, store, options, caller }: BurnRequest): Promise<BurnReply> {
  try {
    const run = burn({ ...options, image, device, store, confirm: async () => true });
    let events = 0;
    for await (const _event of run) {
      if (events++ !== caller?.afterEvents) continue;
      if (caller.does === 'leave') break;
      run.cancel();
    }
    return { summary: await run.summary };
  } catch (error) {
    return { failure: error instanceof PiburnError ? error.failure : String(error) };
  }
}

/** What is no longer needed shall not look like a leak; buffers go with the collection after the one that finds them. */
function reply(answer: BurnReply): void {
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.send?.(answer);
  });
}
