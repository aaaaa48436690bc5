// Starts the process of a soak (burner.ts) under the fault shim, hands it runs one by one, and ends it.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BurnReply, BurnRequest } from './burner.js';
import { type Resources, resourcesOf } from './resources.js';

const burner = fileURLToPath(new URL('./burner.js', import.meta.url));
/** Far more than a run takes: a soak that waits for what never comes shall end and say so. */
const patienceMs = 180_000;
/** Threads and descriptors of a run go a moment after it has ended. */
const settlingMs = 200;
const settlingsMax = 25;

export class LongLife {
  readonly pid: number;
  readonly #child: ChildProcess;
  #text = '';

  constructor(shim: string, rules: string, home: string) {
    const { NODE_TEST_CONTEXT: _context, DEV: _dev, PASSWD: _passwd, ...environment } = process.env;
    this.#child = fork(burner, {
      execArgv: ['--expose-gc'],
      cwd: home,
      // One arena: what each of many threads leaves between two others' bytes hides a leak (glibc, mallopt(3)).
      env: { ...environment, HOME: home, LD_PRELOAD: shim, PIBURN_FAULTS: rules, MALLOC_ARENA_MAX: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-4096);
    });
  }

  burn(request: BurnRequest): Promise<BurnReply> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const stop = (problem?: string) => {
        clearTimeout(tooLong);
        child.off('message', onReply).off('exit', onExit);
        if (problem !== undefined) reject(new Error(`the burning process ${problem}: ${this.#text}`));
      };
      const onReply = (reply: BurnReply) => {
        stop();
        resolve(reply);
      };
      const onExit = (code: number | null, signal: string | null) => stop(`has ended (${signal ?? code})`);
      const tooLong = setTimeout(() => stop('does not answer'), patienceMs);
      child.on('message', onReply).on('exit', onExit);
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
      else child.send(request, () => undefined); // A process that is ending says so itself.
    });
  }

  /** What it holds between two runs: when two looks in a row find the same, or after so many looks. */
  async atRest(): Promise<Resources> {
    let before = resourcesOf(this.pid);
    for (let look = 0; look < settlingsMax; look++) {
      await new Promise((done) => setTimeout(done, settlingMs));
      const now = resourcesOf(this.pid);
      if (now.descriptors === before.descriptors && now.threads === before.threads && now.children === 0) return now;
      before = now;
    }
    return before;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
