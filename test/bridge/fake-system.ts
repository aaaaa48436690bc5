// A machine of files in memory; programs are written down and not run. Any operation can fail, or be the moment at
// which the power goes: nothing happens from then on.

import { dirname } from 'node:path';
import type { Command } from '../../src/bridge/plan/types.js';
import type { BridgeSystem } from '../../src/bridge/system.js';

export interface Fault {
  /** The operation that it happens at, counted from 0. */
  readonly at: number;
  /** `cut`: that one is not done, and none after it. */
  readonly kind: 'fail' | 'cut';
}

interface StoredFile {
  readonly text: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Files and directories, which outlive a power cut. */
export class Tree {
  readonly files = new Map<string, StoredFile>();
  readonly directories = new Set<string>(['/']);

  put(path: string, text: string, mode = 0o644, uid = 0): void {
    for (let each = dirname(path); !this.directories.has(each); each = dirname(each)) this.directories.add(each);
    this.files.set(path, { text, mode, uid, gid: uid });
  }

  /** One file or directory on a line. */
  lines(): string[] {
    const files = [...this.files].map(
      ([path, { text, mode, uid }]) => `${path} ${mode.toString(8)} ${uid} ${JSON.stringify(text)}`,
    );
    return [...files, ...[...this.directories].map((path) => `${path}/`)].toSorted();
  }
}

export class FakeSystem implements BridgeSystem {
  readonly commands: string[] = [];
  /** Operations that changed something, or ran something, so far. */
  operations = 0;
  readonly tree: Tree;
  readonly #fault: Fault | undefined;

  constructor(tree: Tree, fault?: Fault) {
    this.tree = tree;
    this.#fault = fault;
  }

  readFile(path: string) {
    const file = this.tree.files.get(path);
    return file === undefined ? undefined : { ...file, bytes: Buffer.from(file.text, 'latin1') };
  }

  writeFile(
    path: string,
    bytes: Buffer,
    { mode, uid = 0, gid = 0 }: { mode: number; uid?: number; gid?: number },
  ): void {
    this.#count();
    if (!this.tree.directories.has(dirname(path))) throw new Error(`no directory for ${path}`);
    this.tree.files.set(path, { text: bytes.toString('latin1'), mode, uid, gid });
  }

  removeFile(path: string): void {
    this.#count();
    this.tree.files.delete(path);
  }

  missingDirectories(path: string): readonly string[] {
    const missing: string[] = [];
    for (let each = path; !this.tree.directories.has(each); each = dirname(each)) missing.unshift(each);
    return missing;
  }

  makeDirectory(path: string): void {
    this.#count();
    this.tree.directories.add(path);
  }

  removeDirectory(path: string): void {
    this.#count();
    if (this.#below(path).length === 0) this.tree.directories.delete(path);
  }

  removeTree(path: string): void {
    this.#count();
    for (const each of [path, ...this.#below(path)]) {
      this.tree.files.delete(each);
      this.tree.directories.delete(each);
    }
  }

  readSysctl(key: string): string | undefined {
    return this.tree.files.get(`/proc/sys/${key}`)?.text.trim();
  }

  writeSysctl(key: string, value: string): void {
    this.#count();
    this.tree.put(`/proc/sys/${key}`, `${value}\n`);
  }

  async run({ argv }: Command) {
    this.#count();
    this.commands.push(argv.join(' '));
    return { exitCode: 0, stdout: '', stderr: '' };
  }

  startApart(): number {
    this.#count();
    return 4711;
  }

  pids(): readonly number[] {
    return [];
  }

  commandLine(): undefined {
    return undefined;
  }

  isRunning(): boolean {
    return false;
  }

  signal(): void {}

  async sleep(): Promise<void> {}

  #below(path: string): string[] {
    return [...this.tree.files.keys(), ...this.tree.directories].filter((each) => each.startsWith(`${path}/`));
  }

  #count(): void {
    const number = this.operations;
    this.operations += 1;
    if (this.#fault === undefined) return;
    if (this.#fault.kind === 'cut' ? number >= this.#fault.at : number === this.#fault.at) {
      throw new Error(`operation ${number} failed`);
    }
  }
}
