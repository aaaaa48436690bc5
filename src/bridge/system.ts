// The machine as the bridge changes it: files, kernel settings, programs and one process. Tests have their own, with
// files below a scratch folder and programs that are only written down.

import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errnoOf, failure } from '../errors.js';
import { type CommandResult, run, startApart } from '../exec.js';
import type { Command } from './plan/types.js';

export interface FileNow {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface BridgeSystem {
  /** Undefined: no such file. */
  readFile(path: string): FileNow | undefined;
  /** Whole or not at all, and lasting: temporary file, fsync, rename, fsync of the directory. */
  writeFile(path: string, bytes: Buffer, owner: { mode: number; uid?: number; gid?: number }): void;
  removeFile(path: string): void;
  /** The directories that a path lacks, itself included, the outermost first. */
  missingDirectories(path: string): readonly string[];
  /** 0755, whatever the umask: programs without root's rights go through it. */
  makeDirectory(path: string): void;
  /** Only when it is empty. */
  removeDirectory(path: string): void;
  /** With all that is in it. */
  removeTree(path: string): void;
  /** Below /proc/sys; undefined: no such setting. */
  readSysctl(key: string): string | undefined;
  writeSysctl(key: string, value: string): void;
  /** Undefined: the program is not installed. */
  run(command: Command): Promise<CommandResult | undefined>;
  /** Starts a program that goes on without us; what it prints is appended to a file. Its number. */
  startApart(argv: readonly string[], outputPath: string): number | undefined;
  /** The processes that see the same files and the same network as we; containers have others. */
  pids(): readonly number[];
  /** Its words; undefined: no such process, or one that has ended. */
  commandLine(pid: number): readonly string[] | undefined;
  /** Whether it still has anything: a process that ends has no words any more before it has closed its sockets. */
  isRunning(pid: number): boolean;
  signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 'SIGHUP'): void;
  sleep(ms: number): Promise<void>;
}

const maxFileBytes = 1024 * 1024;

export const liveSystem: BridgeSystem = {
  readFile: readNow,
  writeFile: replace,
  removeFile(path) {
    rmSync(path, { force: true });
    rmSync(partialOf(path), { force: true });
    if (existsSync(dirname(path))) syncDirectory(dirname(path));
  },
  missingDirectories(path) {
    const missing: string[] = [];
    for (let each = path; !existsSync(each); each = dirname(each)) missing.unshift(each);
    return missing;
  },
  makeDirectory(path) {
    mkdirSync(path);
    chmodSync(path, 0o755);
  },
  removeDirectory(path) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
    }
  },
  removeTree: (path) => rmSync(path, { recursive: true, force: true }),
  readSysctl: (key) => optional(() => readFileSync(join('/proc/sys', key), 'utf8').trim()),
  writeSysctl: (key, value) => writeFileSync(join('/proc/sys', key), `${value}\n`),
  run: ({ argv: [program = '', ...args], input, timeoutMs }) =>
    run(program, args, {
      ...(input === undefined ? {} : { input }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }),
  startApart([program = '', ...args], outputPath) {
    const output = openSync(outputPath, 'a', 0o644);
    try {
      return startApart(program, args, output);
    } finally {
      closeSync(output);
    }
  },
  pids: () => readdirSync('/proc').map(Number).filter(isInOurNamespaces),
  commandLine(pid) {
    const text = optional(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    // A process that has ended and waits for its parent has an empty one.
    return text === undefined || text === '' ? undefined : text.split('\0').slice(0, -1);
  },
  isRunning(pid) {
    // The state follows the name, which may hold anything (proc(5), /proc/PID/stat); Z and X are over.
    const text = optional(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return text !== undefined && /^\) [^ZX]/.test(text.slice(text.lastIndexOf(')')));
  },
  signal(pid, name) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  },
  sleep: (ms) => wait(ms),
};

const isInOurNamespaces = (pid: number): boolean =>
  Number.isSafeInteger(pid) &&
  ['mnt', 'net'].every((kind) => {
    const [own, other] = ['self', pid].map((each) => optional(() => readlinkSync(`/proc/${each}/ns/${kind}`)));
    return own !== undefined && own === other;
  });

function readNow(path: string): FileNow | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile() || stats.size > maxFileBytes) {
    throw failure('FILE_UNUSABLE', `${path} is no regular file of at most 1 MiB`, {
      hint: 'look at it, and move it away',
    });
  }
  return { bytes: readFileSync(path), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
}

function replace(path: string, bytes: Buffer, owner: { mode: number; uid?: number; gid?: number }): void {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  const place = isLink ? realpathSync(path) : path;
  const partial = partialOf(place);
  rmSync(partial, { force: true });
  try {
    const descriptor = openSync(partial, 'wx', 0o600);
    try {
      writeFileSync(descriptor, bytes);
      if (owner.uid !== undefined && owner.gid !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
      fchmodSync(descriptor, owner.mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, place);
    syncDirectory(dirname(place));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Hidden, and without any suffix that a folder of settings is read by. A power cut may leave it. */
const partialOf = (path: string): string => join(dirname(path), `.${basename(path)}.piburn-partial`);

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
