// Runs the real command under the fault shim, in a directory and a process group of its own, and knows how to look at
// what it left: its events, its text, the calls that the shim wrote down, its processes.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BurnEvent, BurnSummary, CardReport } from '../../src/protocol.js';
import { programPath } from '../program.js';
import { buildShim } from './build.js';

/** Far more than anything here takes: a test that waits for what never comes shall end and say so. */
const patienceMs = 30_000;
/** More than any wait above, so that this net never does the work of what is tested. */
const runMs = 4 * patienceMs;

/** One line of the shim's log. */
export interface LoggedCall {
  /** `read`, `write`, `flush`, `truncate`, `rename`, `BLKROGET` …: test/shim/fault-calls.c. */
  readonly call: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly path: string;
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly events: readonly BurnEvent[];
  /** Standard error. */
  readonly text: string;
  readonly calls: readonly LoggedCall[];
}

export interface RunningCommand {
  /** The supervisor: what a shell would wait for. */
  readonly pid: number;
  readonly ended: Promise<Ended>;
  calls(): readonly LoggedCall[];
  text(): string;
  /** The events so far. */
  events(): readonly BurnEvent[];
  /** As the terminal does at Ctrl-C: to every process of the command. */
  signalAll(signal: NodeJS.Signals): void;
  /** Waits until no process of the command is left. */
  allGone(): Promise<void>;
}

/** A place for one test file: cards, a store and a shim. */
export class FaultBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'piburn-faults-'));
  readonly store = join(this.directory, 'store');
  readonly shim: string | undefined;
  /** Why its tests cannot run on this machine; false when they can. */
  readonly skip: string | false;
  readonly #groups = new Set<number>();
  #runs = 0;

  constructor() {
    // Decoders run as nobody where we are root; they too are to load the shim and write its log.
    chmodSync(this.directory, 0o711);
    mkdirSync(join(this.directory, 'cards'));
    this.shim = buildShim(this.directory);
    const noXz = spawnSync('xz', ['--version']).error !== undefined;
    this.skip = this.shim === undefined ? 'needs a C compiler (cc)' : noXz && 'needs xz';
  }

  card(name: string): string {
    return join(this.directory, 'cards', `${name}.img`);
  }

  /** Starts `piburn ARGS --json --yes` with these rules in force. */
  start(args: readonly string[], faults: readonly string[] = []): RunningCommand {
    const log = join(this.directory, `log-${this.#runs++}`);
    writeFileSync(log, '');
    chmodSync(log, 0o666);
    const child = spawn(process.execPath, [programPath, ...args, '--json', '--yes'], {
      cwd: this.directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment(faults, log),
    });
    const pid = child.pid ?? 0;
    this.#groups.add(pid);
    const output = collect(child);
    const calls = () => readCalls(log);
    const closed = new Promise<number | null>((resolve, reject) => {
      const tooLong = setTimeout(() => {
        killGroup(pid);
        reject(new Error(`the command did not end: ${output.err}`));
      }, runMs);
      child.once('close', (code) => {
        clearTimeout(tooLong);
        resolve(code);
      });
    });
    const ended = closed.then((code) => ({
      code,
      events: eventsIn(output.out),
      text: output.err,
      calls: calls(),
    }));
    ended.catch(() => undefined); // Whoever awaits it sees the error.
    return {
      pid,
      ended,
      calls,
      text: () => output.err,
      events: () => eventsIn(output.out),
      signalAll: (signal) => process.kill(-pid, signal),
      allGone: () => until('the end of every process', () => membersOf(pid).length === 0),
    };
  }

  run(args: readonly string[], faults: readonly string[] = []): Promise<Ended> {
    return this.start(args, faults).ended;
  }

  remove(): void {
    for (const group of this.#groups) killGroup(group);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #environment(faults: readonly string[], log: string): NodeJS.ProcessEnv {
    const { DEV: _dev, PASSWD: _passwd, NODE_TEST_CONTEXT: _context, ...environment } = process.env;
    const rules = { LD_PRELOAD: this.shim, PIBURN_FAULTS: faults.join(';'), PIBURN_FAULTS_LOG: log };
    return { ...environment, PIBURN_STORE: this.store, ...(faults.length > 0 ? rules : {}) };
  }
}

function collect(child: ChildProcess): { out: string; err: string } {
  const output = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  return output;
}

/** A killed command may leave half a line. */
const eventsIn = (output: string): BurnEvent[] =>
  output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

function readCalls(log: string): LoggedCall[] {
  if (!existsSync(log)) return [];
  return [...readFileSync(log, 'utf8').matchAll(/^(\w+) (\d+) (\d+) (.*)$/gm)].map(
    ([, call = '', offset, length, path]) => ({
      call,
      offsetBytes: Number(offset),
      lengthBytes: Number(length),
      path: path ?? '',
    }),
  );
}

function killGroup(group: number): void {
  for (const pid of membersOf(group)) process.kill(pid, 'SIGKILL');
}

/** Living processes of a group; what is dead and not yet waited for does not count. */
function membersOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [state, , processGroup] = statOf(pid).split(' ');
      return Number(processGroup) === group && state !== 'Z' && state !== 'X';
    });
}

/** What follows the name in /proc/PID/stat (proc(5)): state, parent, group. */
function statOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
}

export async function until(what: string, reached: () => boolean): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!reached()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The summary of a run that came to its end by itself. */
export function summaryOf({ events, text }: Ended): BurnSummary {
  const last = events.at(-1);
  if (last?.type !== 'end') throw new Error(`the run did not end with a summary: ${text}`);
  return last.summary;
}

/** The report of the card in the file `NAME.img`. */
export function cardOf(ended: Ended, name: string): CardReport {
  const card = summaryOf(ended).cards.find(({ device }) => device.endsWith(`/${name}.img`));
  if (card === undefined) throw new Error(`no card ${name} in the summary`);
  return card;
}
