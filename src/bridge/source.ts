// What the bridge asks the machine, answered by the running system or, in tests, by a recording.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { run } from '../exec.js';

export interface BridgeSource {
  /** What a program prints; undefined when it is missing or ends with another exit code than 0. */
  output(program: string, args: readonly string[]): Promise<string | undefined>;
  /** A small file, one character a byte, with its mode; undefined when there is none that can be read. */
  file(path: string): { readonly text: string; readonly mode: number } | undefined;
  /** The last bytes of a file of any length, one character a byte; undefined when there is none that can be read. */
  end(path: string, maxBytes: number): string | undefined;
  /** The names in a directory; none when there is no such directory. */
  list(path: string): readonly string[];
  exists(path: string): boolean;
  /** The path of an installed program. */
  which(program: string): string | undefined;
  hostname(): string;
  /** The words of a process; undefined when there is none. */
  commandLine(pid: number): readonly string[] | undefined;
}

const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const maxFileBytes = 1024 * 1024;

export const liveBridgeSource: BridgeSource = {
  async output(program, args) {
    const result = await run(program, args);
    return result?.exitCode === 0 ? result.stdout : undefined;
  },
  file(path) {
    return optional(() => {
      const stats = statSync(path);
      // procfs says 0 bytes.
      if (!stats.isFile() || stats.size > maxFileBytes) return undefined;
      return { text: readFileSync(path, 'latin1'), mode: stats.mode & 0o7777 };
    });
  },
  end: (path, maxBytes) => optional(() => readEnd(path, maxBytes)),
  list: (path) => optional(() => readdirSync(path)) ?? [],
  exists: (path) => existsSync(path),
  which: (program) => programFolders.map((folder) => join(folder, program)).find((path) => existsSync(path)),
  hostname: () => hostname(),
  commandLine(pid) {
    const text = optional(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    return text === undefined || text === '' ? undefined : text.split('\0').slice(0, -1);
  },
};

function readEnd(path: string, maxBytes: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, maxBytes));
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)).toString('latin1');
  } finally {
    closeSync(descriptor);
  }
}

/** 40 bits that stay the same on this machine (RFC 4193 section 3.2.2 asks for nothing more than that they are random). */
export const globalIdOf = (machineId: string): string =>
  createHash('sha256').update(`piburn bridge ${machineId}`).digest('hex').slice(0, 10);

function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
