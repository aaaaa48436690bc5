// A web server in a process of its own that sends one file at a fixed rate: `node slow-server.js FILE BYTES_PER_SECOND`.
// It tells its port over IPC, and ends when that is closed.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [file = '', rate = ''] = process.argv.slice(2);
const bytesPerSecond = Number(rate);
const content = readFileSync(file);
const pieceBytes = 64 * 1024;
/** How much time that was lost may be made up for by sending faster. */
const catchUpMs = 100;

const server = createServer(({ method, url }, response) => {
  if (url !== `/${basename(file)}`) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-length': content.length, etag: '"1"' });
  if (method === 'HEAD') response.end();
  // A client that has gone away is nobody's trouble.
  else void pipeline(paced, response).catch(() => undefined);
});

/** Every piece has its moment; a timer that fires late so slows nothing down. */
async function* paced(): AsyncGenerator<Buffer> {
  let dueMs = performance.now();
  for (let at = 0; at < content.length; at += pieceBytes) {
    const piece = content.subarray(at, at + pieceBytes);
    yield piece;
    dueMs = Math.max(dueMs, performance.now() - catchUpMs) + (piece.length / bytesPerSecond) * 1000;
    const waitMs = dueMs - performance.now();
    if (waitMs >= 1) await sleep(waitMs);
  }
}

process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  // The bench may have gone before there was anybody here to notice.
  if (!process.connected) process.exit();
  process.send?.({ port: (server.address() as AddressInfo).port }, () => undefined);
});
