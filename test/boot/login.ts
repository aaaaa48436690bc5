// Logging in to a machine over ssh with the system's own client, and waiting until it has come up.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Machine } from './machine.js';

/** A boot without KVM on a busy machine. */
const bootTimeoutMs = 10 * 60_000;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell command on the card; the output without its last line break. */
export type Login = (command: string) => Promise<Said>;

export const loginTo =
  ({ port }: Machine, user: string, key: string): Login =>
  (command) =>
    ssh(port, user, ['-i', key, '-o', 'IdentitiesOnly=yes'], command);

/** Runs all in one session, since without KVM a login takes seconds; the output of each, errors included. */
export async function askAll(login: Login, commands: readonly string[]): Promise<Said[]> {
  const script = commands.map((command) => `(${command}\n) </dev/null 2>&1; echo; echo "${mark} $?"`);
  const { stdout, stderr } = await login(script.join('\n'));
  const parts = stdout.split(new RegExp(`\n${mark} (\\d+)(?:\n|$)`));
  return commands.map((_, index) => ({
    code: Number(parts[2 * index + 1] ?? 255),
    stdout: (parts[2 * index] ?? '').trimEnd(),
    stderr,
  }));
}

const mark = '=== ended with';

/** What ssh says to somebody who has no key and would type a password. */
export const knockWithoutKey = async ({ port }: Machine, user: string): Promise<string> => {
  const without = ['-o', 'PubkeyAuthentication=no', '-o', 'PreferredAuthentications=password,keyboard-interactive'];
  const { code, stderr } = await ssh(port, user, without, 'true');
  assert.notEqual(code, 0, 'nobody gets in without a key');
  return stderr;
};

/** Until the machine has started `boots` times and everything in it is up; fails with its console when it is not. */
export async function comesUp(machine: Machine, login: Login, boots = 1): Promise<void> {
  const giveUpAtMs = Date.now() + bootTimeoutMs;
  for (;;) {
    assert.equal(machine.stopped(), undefined, `the machine has stopped; its console ends:\n${machine.console()}`);
    assert.ok(Date.now() < giveUpAtMs, `no login in time; the console ends:\n${machine.console()}`);
    const said = machine.boots() < boots ? undefined : await login('systemctl is-system-running --wait');
    // It says `degraded` too: which service failed is for a test to tell.
    if (said !== undefined && /^(?:running|degraded)$/.test(said.stdout)) return;
    await pause(1000);
  }
}

function ssh(port: number, user: string, options: readonly string[], command: string): Promise<Said> {
  const args = [
    ...[
      '-F',
      '/dev/null',
      '-p',
      String(port),
      '-o',
      'BatchMode=yes',
      '-o',
      'LogLevel=ERROR',
      '-o',
      'ConnectTimeout=15',
    ],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ServerAliveInterval=15'],
    ...[...options, `${user}@127.0.0.1`, command],
  ];
  return new Promise((resolve) => {
    execFile('ssh', args, { timeout: bootTimeoutMs }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() });
    });
  });
}
