// `keepOnce` as a program: the order as JSON in the first argument. Each promise is a directory beside the store, so that it
// stands in the shim's record between the calls that it comes after and those that follow.

import { mkdirSync } from 'node:fs';
import { type KeepOrder, keepOnce } from './keep-once.js';

const order: KeepOrder = JSON.parse(process.argv[2] ?? '');
const promised = `${order.directory}.promised-${order.runId}`;
process.stdout.write(await keepOnce(order, (what) => mkdirSync(`${promised}/${what}`, { recursive: true })));
