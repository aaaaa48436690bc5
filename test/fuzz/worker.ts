// The thread that fuzzes one target. Whoever started it sees in shared memory whether it still gets on.

import { parentPort, workerData } from 'node:worker_threads';
import { fuzz, type Order } from './fuzz.js';
import { targets } from './targets/index.js';

const order = workerData as Order;
const target = targets.find(({ name }) => name === order.target);
if (target === undefined) throw new Error(`there is no target ${order.target}`);
parentPort?.postMessage(await fuzz(target, order));
