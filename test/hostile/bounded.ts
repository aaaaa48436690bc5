// Runs a piece of work in a child process that may have little memory and little time, and tells how it ended.

import { spawn } from 'node:child_process';

/** What the child printed as its last line, in JSON, and its greatest resident memory. */
export interface Bounded<T> {
  readonly answer: T;
  readonly peakBytes: number;
}

/** Far more than any of it takes, on a machine that has much else to do. */
const longestMs = 120_000;
const heapMegabytes = 64;

/**
 * `module` exports `answer(order)`; its result must be JSON. @throws Error when the child ends otherwise: by its limits,
 * or with an error.
 */
export async function bounded<T>(module: URL, order: unknown): Promise<Bounded<T>> {
  const script = `
    import { answer } from ${JSON.stringify(module.href)};
    const result = await answer(JSON.parse(process.argv[1]));
    console.log(JSON.stringify({ answer: result, peakBytes: process.resourceUsage().maxRSS * 1024 }));
  `;
  const args = [
    `--max-old-space-size=${heapMegabytes}`,
    '--input-type=module',
    '--eval',
    script,
    JSON.stringify(order),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const tooLong = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const ending = await new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  clearTimeout(tooLong);
  if (ending !== 0) throw new Error(`it ended with ${ending}: ${texts.stderr.slice(-2000)}`);
  return JSON.parse(texts.stdout.trim().split('\n').at(-1) ?? '');
}
