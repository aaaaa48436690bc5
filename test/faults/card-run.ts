// One burn of one card in a process of its own (test/card/burn-child.ts) under the fault shim, to be recorded or cut.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TargetIdentity } from '../../src/protocol.js';
import type { Order, Outcome } from '../card/burn-child.js';
import { type RecordedCall, readRecord } from '../shim/record.js';

const child = fileURLToPath(new URL('../card/burn-child.js', import.meta.url));
const patienceMs = 120_000;

export interface CardRun {
  /** Undefined when the process was killed. */
  readonly outcome: Outcome | undefined;
  readonly calls: readonly RecordedCall[];
}

/** A place for burns of one image onto cards; several may run side by side, each under its own name. */
export class CardBurner {
  readonly #folder: string;
  readonly #imagePath: string;
  readonly #shim: string;

  constructor(folder: string, image: Buffer, shim: string) {
    this.#folder = folder;
    this.#imagePath = join(folder, 'image');
    this.#shim = shim;
    writeFileSync(this.#imagePath, image);
  }

  /** Makes a card in a file. */
  put(name: string, bytes: Buffer): string {
    const path = join(this.#folder, `card-${name}`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Burns a card with these rules in force; `CARD` in them is its path. */
  async burn(target: TargetIdentity, rules: readonly string[], name: string, delta = false): Promise<CardRun> {
    const job: Order['job'] = {
      target,
      verify: true,
      full: false,
      delta,
      requestBytes: 64 * 1024,
      probe: true,
      wipeAll: false,
      eject: false,
      newCardId: '00112233445566778899aabbccddeeff',
    };
    const order: Order = { imagePath: this.#imagePath, arrival: 'before', job, patch: [] };
    const record = join(this.#folder, `record-${name}`);
    rmSync(record, { force: true });
    const { NODE_TEST_CONTEXT: _context, ...environment } = process.env;
    const faults = rules.map((rule) => rule.replaceAll('CARD', target.path)).join(';');
    const shim = { LD_PRELOAD: this.#shim, PIBURN_FAULTS: faults, PIBURN_FAULTS_RECORD: record };
    const ended = await run([child, JSON.stringify(order)], { ...environment, ...(rules.length > 0 ? shim : {}) });
    if (ended.code !== 0 && ended.signal !== 'SIGKILL') throw new Error(`the burn did not end by itself: ${ended.err}`);
    return {
      outcome: ended.signal === 'SIGKILL' ? undefined : JSON.parse(ended.out),
      calls: readRecord(record),
    };
  }
}

export interface EndedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script with Node to its end. */
export function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<EndedProcess> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, isLate] = ['', '', false];
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const tooLong = setTimeout(() => {
      isLate = true;
      started.kill('SIGKILL');
    }, patienceMs);
    started.once('error', reject);
    started.once('close', (code, signal) => {
      clearTimeout(tooLong);
      if (isLate) reject(new Error(`a process did not end: ${err}`));
      else resolve({ code, signal, out, err });
    });
  });
}

/** Does some things two at a time. */
export async function twoAtATime<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

export const bytesOf = (path: string): Buffer => readFileSync(path);
