// A worker of workers.test.ts: opens a card of its own and does with it what it was told.

import { parentPort, workerData } from 'node:worker_threads';
import { openDevice } from '../../src/native.js';

interface Order {
  readonly path: string;
  readonly then: 'end' | 'exit' | 'wait' | 'write' | 'fail' | 'verify';
}

const { path, then } = workerData as Order;
const chunkBytes = 1024 * 1024;
const device = openDevice(path, { write: true, create: true, exclusive: true, bufferBytes: chunkBytes });

// All but `verify` leave their device open.
const actions: Readonly<Record<Order['then'], () => void>> = { end() {}, exit, wait, write, fail, verify };
actions[then]();

function exit(): void {
  process.exit();
}

function wait(): void {
  setInterval(() => device.info, 1000);
  parentPort?.postMessage('running');
}

function write(): void {
  parentPort?.postMessage('running');
  for (;;) device.writeBuffer(0, chunkBytes, 4096);
}

/** What is tried is an exception thrown while the thread is being terminated. */
function fail(): void {
  parentPort?.postMessage('running');
  for (;;) {
    try {
      device.writeBuffer(1, 1, 4096);
    } catch {}
  }
}

function verify(): void {
  parentPort?.postMessage(writeAndVerify());
  device.close();
}

/** Bytes that differ between workers, so that a buffer shared by mistake is noticed. */
function writeAndVerify(): boolean {
  for (let chunk = 0; chunk < 8; chunk += 1) {
    device.buffer.fill(`${path}#${chunk}\n`);
    device.writeBuffer(chunk * chunkBytes, chunkBytes, 256 * 1024);
  }
  device.flush();
  const expected = Buffer.alloc(chunkBytes);
  for (let chunk = 0; chunk < 8; chunk += 1) {
    expected.fill(`${path}#${chunk}\n`);
    if (device.read(chunk * chunkBytes, chunkBytes, 256 * 1024) !== chunkBytes) return false;
    if (!device.buffer.equals(expected)) return false;
  }
  return true;
}
