// The commands about disks on a recorded machine, at a terminal that a test answers.

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import { addDiskCommands } from '../../src/cli/disk-commands.js';
import type { Ending } from '../../src/cli/ending.js';
import type { DiskWorld } from '../../src/cli/see-disks.js';
import { Terminal } from '../../src/cli/terminal.js';
import type { SystemSource } from '../../src/devices/system-source.js';
import { PiburnError } from '../../src/errors.js';
import { load, type Recording, recorded } from '../devices/recorded.js';
import { scratchFolder } from '../native/scratch.js';

/** Keeps what is said; answers questions in order, and then with the end of input. */
export class ScriptedTerminal extends Terminal {
  readonly said: string[] = [];
  readonly errors: string[] = [];
  readonly asked: string[] = [];
  readonly #answers: (() => string | undefined)[];

  constructor(answers: readonly (() => string | undefined)[] = []) {
    super();
    this.#answers = [...answers];
  }

  override canAsk(): boolean {
    return this.#answers.length > 0;
  }

  override say(text: string): void {
    this.said.push(text);
  }

  override sayError(text: string): void {
    this.errors.push(text);
  }

  override async ask(question: string): Promise<string | undefined> {
    this.asked.push(question);
    return this.#answers.shift()?.();
  }

  /** Everything that was said. */
  get text(): string {
    return this.said.join('\n');
  }
}

/** A machine whose disks may be others from one moment to the next. */
export class RecordedWorld implements DiskWorld {
  now: SystemSource;
  #tell: () => void = () => undefined;

  constructor(source: SystemSource) {
    this.now = source;
  }

  readonly openCard = (path: string) => {
    this.opened.push(path);
    return Promise.reject(Object.assign(new Error('no card'), { code: this.openError }));
  };

  readonly opened: string[] = [];
  openError = 'EIO';

  get source(): SystemSource {
    return this.now;
  }

  readonly trigger = () => (tell: () => void) => {
    this.#tell = tell;
    return () => undefined;
  };

  async pause(): Promise<void> {
    return await Promise.resolve();
  }

  become(source: SystemSource): void {
    this.now = source;
    this.#tell();
  }
}

/** The recorded machine, as if some of its disks were not plugged in. */
export function machine(name: string, without: readonly string[] = []): SystemSource {
  const recording = load(name);
  const isThere = (disk: string) => !without.some((gone) => new RegExp(`^${gone}[0-9]*$`).test(disk));
  const block: Recording['block'] = Object.fromEntries(
    Object.entries(recording.block).filter(([disk]) => isThere(disk)),
  );
  return recorded({ ...recording, block });
}

export interface Ran {
  readonly terminal: ScriptedTerminal;
  readonly ending?: Ending;
  readonly error?: PiburnError;
}

/** Runs `piburn ARGS` on a machine. `store`: the directory for slots and history. */
export async function runOn(
  world: DiskWorld,
  args: readonly string[],
  store: string,
  terminal = new ScriptedTerminal(),
): Promise<Ran> {
  const program = new Command('piburn').exitOverride().configureOutput({ outputError: () => undefined });
  const endings: Ending[] = [];
  addDiskCommands(program, terminal, (ending) => endings.push(ending), world);
  try {
    await program.parseAsync([...args, '--store', store], { from: 'user' });
  } catch (error) {
    if (error instanceof PiburnError) return { terminal, error };
    throw error;
  }
  const [ending] = endings;
  return ending === undefined ? { terminal } : { terminal, ending };
}

/** A path for a store that does not exist yet. */
export const freshStore = (t: TestContext): string => join(scratchFolder(t), 'store');
