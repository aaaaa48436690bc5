// Asks one address whether a host is there: by ping, or where ping is missing or not permitted by knocking at a TCP port.
// Either way the kernel looks for the host on the wire, so that its table of neighbours knows more afterwards.

import { connect } from 'node:net';
import { errnoOf } from '../errors.js';
import { run } from '../exec.js';

export interface Answer {
  readonly answered: boolean;
  readonly latencyMs?: number;
}

export type AskWay = 'ping' | 'knock';

/** One for a whole scan: it remembers that ping does not work. */
export class HostAsker {
  way: AskWay = 'ping';
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  async ask(address: string): Promise<Answer> {
    const answer = this.way === 'ping' ? await this.#ping(address) : undefined;
    return answer ?? knock(address, sshPort, this.#timeoutMs);
  }

  /** Undefined when ping could not be asked. */
  async #ping(address: string): Promise<Answer | undefined> {
    const args = ['-n', '-c1', `-W${this.#timeoutMs / 1000}`, '--', address];
    const told = await run('ping', args, { timeoutMs: this.#timeoutMs + 2000 });
    if (told === undefined || isForbidden(told)) {
      this.way = 'knock';
      return undefined;
    }
    // 126 and more: it could not be started this once.
    return told.exitCode >= 126 ? undefined : parsePing(told);
  }
}

const isForbidden = ({ exitCode, stderr }: { exitCode: number; stderr: string }): boolean =>
  exitCode !== 0 && /not permitted|permission denied|cap_net_raw/i.test(stderr);

/** What `ping -c1` of iputils (or busybox) says; it exits with 0 only after an answer. */
export function parsePing({ exitCode, stdout }: { exitCode: number; stdout: string }): Answer {
  if (exitCode !== 0) return { answered: false };
  const latencyMs = Number(/ time[=<](\d{1,9}(?:\.\d{1,9})?) ?ms/.exec(stdout)?.[1] ?? Number.NaN);
  return Number.isFinite(latencyMs) ? { answered: true, latencyMs } : { answered: true };
}

/** Every Pi of a cluster has it open, and whoever refuses is there as well. */
const sshPort = 22;
const refusals = new Set(['ECONNREFUSED', 'ECONNRESET']);

/** Opens a connection and drops it at once; being refused is an answer too. */
export function knock(address: string, port: number, timeoutMs: number): Promise<Answer> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const finish = (answered: boolean) => {
      socket.destroy();
      resolve(answered ? { answered, latencyMs: performance.now() - startedMs } : { answered });
    };
    socket.once('connect', () => finish(true));
    socket.once('timeout', () => finish(false));
    socket.once('error', (error) => finish(refusals.has(errnoOf(error) ?? '')));
  });
}
