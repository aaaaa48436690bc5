// Simulated cards under loop devices (card-sim.c says what it can do): made and attached for a test file, told what shall
// go wrong while they are in use, and taken away whatever happened.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeUsedCard } from '../shim/card-files.js';

/** Far more than an answer takes. */
const patienceMs = 30_000;
const sources = ['card-sim.c', 'card-faults.c', 'card-words.c'].map((name) =>
  fileURLToPath(new URL(`../../../test/fuse/${name}`, import.meta.url)),
);
const flags = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread'];

export interface SimulatedCard {
  /** The name by which the simulator knows it. */
  readonly name: string;
  /** What it holds, without any fault: to be looked at. */
  readonly backing: string;
  /** The block device. */
  readonly device: string;
}

/** What has reached a card. */
export interface CardStats {
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly flushes: number;
  /** Calls that hang now. */
  readonly hanging: number;
}

/** Why simulated cards cannot be had on this machine; false when they can. */
export function noCardBench(): string | false {
  if (process.getuid?.() !== 0) return 'loop devices need root';
  if (!existsSync('/dev/fuse')) return 'needs /dev/fuse';
  if (spawnSync('cc', ['--version']).error !== undefined) return 'needs a C compiler (cc)';
  const fuse = spawnSync('pkg-config', ['--atleast-version=3.12', 'fuse3']);
  if (fuse.error !== undefined) return 'needs pkg-config';
  if (fuse.status !== 0) return 'needs libfuse 3.12 (Debian: libfuse3-dev)';
  return spawnSync('losetup', ['--find']).status !== 0 && 'needs a free loop device';
}

/** One simulator with its cards, in a directory that the caller removes. */
export class CardBench {
  readonly #backings: string;
  readonly #mount: string;
  readonly #simulator: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #attached: SimulatedCard[] = [];
  readonly #lines: string[] = [];
  #lineCame: () => void = () => undefined;
  /** One question at a time. */
  #answered: Promise<unknown> = Promise.resolve();

  private constructor(directory: string) {
    this.#backings = join(directory, 'backings');
    this.#mount = join(directory, 'simulated');
    for (const each of [this.#backings, this.#mount]) mkdirSync(each);
    const program = buildSimulator(directory);
    this.#simulator = spawn(program, [this.#backings, this.#mount], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => this.#simulator.once('close', () => resolve()));
    // A simulator that has ended takes no more commands; who waits for its answer is told.
    this.#simulator.stdin?.on('error', () => undefined);
    let rest = '';
    this.#simulator.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#lineCame();
    });
  }

  static async start(directory: string): Promise<CardBench> {
    const bench = new CardBench(directory);
    if ((await bench.#nextLine()) !== 'ready') throw new Error('the card simulator did not start');
    return bench;
  }

  /** A card of this size with an old life, as a block device whose every read and write reaches the simulator. */
  add(name: string, sizeBytes: number): SimulatedCard {
    const backing = join(this.#backings, name);
    makeUsedCard(backing, sizeBytes);
    const args = ['--find', '--show', '--direct-io=on', join(this.#mount, name)];
    const device = execFileSync('losetup', args, { encoding: 'utf8', timeout: patienceMs }).trim();
    const card = { name, backing, device };
    this.#attached.push(card);
    return card;
  }

  /** From now on; `words` are explained in card-words.c, LOOP stands for the card's device. */
  async fault({ name, device }: SimulatedCard, words: string): Promise<void> {
    await this.#ask(`fault ${name} ${words.replace('LOOP', device)}`);
  }

  /** Lifts all faults of a card; what hangs goes on. */
  async calm({ name }: SimulatedCard): Promise<void> {
    await this.#ask(`calm ${name}`);
  }

  async stats({ name }: SimulatedCard): Promise<CardStats> {
    const numbers = (await this.#ask(`stats ${name}`)).split(' ').slice(1).map(Number);
    const [reads = 0, readBytes = 0, writes = 0, writtenBytes = 0, flushes = 0, hanging = 0] = numbers;
    return { reads, readBytes, writes, writtenBytes, flushes, hanging };
  }

  /** Detaches a card's device, once nobody uses it any more. */
  remove(card: SimulatedCard): void {
    const at = this.#attached.indexOf(card);
    if (at >= 0) this.#attached.splice(at, 1);
    // The flag stays with the loop device, whatever stands on it next.
    spawnSync('blockdev', ['--setrw', card.device], { timeout: patienceMs });
    // Not this process: where the kernel waits for the simulator, a child can be left behind.
    spawnSync('losetup', ['--detach', card.device], { timeout: patienceMs, killSignal: 'SIGKILL' });
  }

  /** Takes everything away, whatever hangs. */
  async close(): Promise<void> {
    for (const card of this.#attached) await this.calm(card).catch(() => undefined);
    for (const card of [...this.#attached]) this.remove(card);
    this.#simulator.stdin?.end();
    const tooLong = setTimeout(() => this.#simulator.kill('SIGKILL'), patienceMs);
    await this.#ended;
    clearTimeout(tooLong);
    // After a SIGKILL it is still mounted; otherwise this says that it is not.
    spawnSync('umount', ['--lazy', this.#mount], { timeout: patienceMs });
  }

  async #ask(command: string): Promise<string> {
    const asked = this.#answered.then(() => {
      this.#simulator.stdin?.write(`${command}\n`);
      return this.#nextLine();
    });
    this.#answered = asked.catch(() => undefined);
    const answer = await asked;
    if (!answer.startsWith('ok')) throw new Error(`card simulator: ${answer} (${command})`);
    return answer;
  }

  async #nextLine(): Promise<string> {
    const tooLong = AbortSignal.timeout(patienceMs);
    while (this.#lines.length === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#lineCame = resolve;
        tooLong.onabort = () => reject(new Error('the card simulator does not answer'));
        void this.#ended.then(() => reject(new Error('the card simulator has ended')));
      });
    }
    tooLong.onabort = null;
    return this.#lines.shift() ?? '';
  }
}

function buildSimulator(directory: string): string {
  const words = (kind: string) =>
    execFileSync('pkg-config', [kind, 'fuse3'], { encoding: 'utf8' }).trim().split(/\s+/).filter(Boolean);
  const program = join(directory, 'card-sim');
  const args = [...flags, ...words('--cflags'), '-o', program, ...sources, ...words('--libs')];
  const cc = spawnSync('cc', args, { encoding: 'utf8' });
  if (cc.status !== 0) throw new Error(`card-sim.c does not compile: ${cc.stderr}`);
  return program;
}
