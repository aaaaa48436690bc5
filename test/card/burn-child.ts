// One burn in a process of its own, so that the fault shim can stand between it and its card: the order as JSON in the
// first argument, the result as JSON on standard output.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CardCounters } from '../../src/card/counters.js';
import { digestOf } from '../../src/image/digest.js';
import { blockBytes, SegmentTable, segmentBytesMax } from '../../src/image/segment-table.js';
import type { CardJob, CardResult } from '../../src/protocol.js';

export interface Order {
  readonly imagePath: string;
  /** When the image's map is known: before the burn, during it, or during it and its size too. */
  readonly arrival: 'before' | 'during' | 'unknown-size';
  readonly job: Omit<CardJob, 'imagePath' | 'segments' | 'counters' | 'patch' | 'burned' | 'failed'>;
  /** The patch: offsets, and bytes in base64. */
  readonly patch: readonly (readonly [offsetBytes: number, base64: string])[];
}

export interface Outcome {
  readonly result: CardResult;
  readonly countedCardId?: string;
}

const order: Order = JSON.parse(process.argv[2] ?? '');
const image = readFileSync(order.imagePath);
const table = SegmentTable.create(order.arrival === 'unknown-size' ? undefined : image.length);
const counters = new CardCounters();
if (order.arrival === 'before') publish();
const burned = burnInWorker({
  ...order.job,
  imagePath: order.imagePath,
  segments: table.shared,
  counters: counters.shared,
  patch: order.patch.map(([offsetBytes, base64]) => ({ offsetBytes, bytes: Buffer.from(base64, 'base64') })),
  burned: [],
  failed: [],
});
if (order.arrival !== 'before') setTimeout(publish, 150);
const result = await burned;
process.stdout.write(JSON.stringify({ result, countedCardId: counters.cardId }));

/** Used is what is not zero, block by block, and the very first. */
function publish(): void {
  for (let start = 0; start < image.length; ) {
    const end = endOfUsed(start);
    if (end === start) {
      start += blockBytes;
      continue;
    }
    const bytes = image.subarray(start, end);
    table.append({ offsetBytes: start, lengthBytes: bytes.length, zero: false, digest: digestOf(bytes) });
    start = end;
  }
  table.finish('whole', image.length);
}

function endOfUsed(start: number): number {
  let end = start;
  const most = start === 0 ? blockBytes : segmentBytesMax;
  while (end < image.length && end - start < most) {
    const block = image.subarray(end, end + blockBytes);
    if (end > 0 && block.every((byte) => byte === 0)) break;
    end = Math.min(image.length, end + blockBytes);
  }
  return end;
}

function burnInWorker(job: CardJob): Promise<CardResult> {
  const module = new URL('../../src/card/burn-card.js', import.meta.url).href;
  const program = `const { parentPort, workerData } = require('node:worker_threads');
    import('${module}').then(({ burnCard }) => parentPort.postMessage(burnCard(workerData)));`;
  const worker = new Worker(program, { eval: true, workerData: job });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', resolve);
  });
}
