// Starts the web server that sends at a fixed rate (slow-server.ts), and ends it.

import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure } from '../src/errors.js';
import { ended, start } from './programs.js';

const script = fileURLToPath(new URL('./slow-server.js', import.meta.url));

/** Serves a file for as long as `action` takes; `url` is its address. */
export async function withServer<T>(
  file: string,
  bytesPerSecond: number,
  action: (url: string) => Promise<T>,
): Promise<T> {
  const server = start(
    [process.execPath, script, file, String(bytesPerSecond)],
    ['ignore', 'ignore', 'inherit', 'ipc'],
  );
  const gone = ended(server).then(() => undefined);
  try {
    const told = await Promise.race([once(server, 'message'), gone]);
    if (told === undefined) throw failure('NO_SERVER', `the web server for ${file} did not start`);
    const [{ port }] = told as [{ readonly port: number }];
    return await action(`http://127.0.0.1:${port}/${basename(file)}`);
  } finally {
    server.kill();
    await gone;
  }
}
