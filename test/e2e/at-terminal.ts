// The command in a pseudo terminal (script(1)), as a person sees it: typed at, its window made narrower, its line cut.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { until } from '../shim/faulty-run.js';

export const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'needs script (util-linux)';

export interface AtTerminal {
  /** Everything that was printed so far, as it came. */
  raw(): string;
  /** The same without colours and cursor movements. */
  screen(): string;
  type(text: string): void;
  /** Waits until something stands there that was not there before the last thing that was typed. */
  see(what: RegExp): Promise<void>;
  /** As when an SSH connection drops: the terminal is gone. */
  cut(): void;
  readonly code: Promise<number | null>;
}

export function atTerminal(command: string, cwd: string, env: Readonly<Record<string, string>>): AtTerminal {
  const child: ChildProcess = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { ...process.env, TERM: 'xterm', HOME: cwd, SHELL: '/bin/sh', PS1: '$ ', ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let text = '';
  let heard = 0;
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stdin?.on('error', () => undefined);
  return {
    raw: () => text,
    screen: () => stripVTControlCharacters(text),
    type(typed) {
      heard = text.length;
      child.stdin?.write(typed);
    },
    async see(what) {
      const fresh = () => stripVTControlCharacters(text.slice(heard));
      await until(`${what} on the screen`, () => what.test(fresh())).catch((error: unknown) => {
        throw new Error(`${String(error)}; what is there: ${fresh()}`);
      });
    },
    cut: () => child.kill('SIGKILL'),
    code: new Promise((resolve) => child.once('close', resolve)),
  };
}

export interface Seen {
  readonly pid: number;
  /** One letter (proc(5)): `T` is stopped. */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** 0: no controlling terminal. */
  readonly terminal: number;
  /** What stands in its command line. */
  readonly command: string;
}

/** Living processes whose command line or environment contains a text. */
export function processesWith(text: string): Seen[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      if (!`${command}${environment}`.includes(text)) return [];
      const [state = '', parent, , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') return [];
      return [
        {
          pid: Number(name),
          state,
          parent: Number(parent),
          session: Number(session),
          terminal: Number(terminal),
          command,
        },
      ];
    } catch {
      return []; // it has just ended
    }
  });
}
