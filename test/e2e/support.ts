// What the end-to-end tests share: a place of their own to work in, the command in a child process, loop devices as
// cards, and other programs' eyes on what was burned.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import type { BurnEvent, BurnSummary, CardReport, Plan } from '../../src/protocol.js';
import type { PiImageLayout } from '../fixtures/pi-image.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';

export * from './compare-cards.js';

export const MiB = 1024 * 1024;
export const isRoot = process.getuid?.() === 0;
/** The command, as it was compiled together with this test. */

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A file to be piped into the command. */
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workplace {
  readonly directory: string;
  readonly store: string;
  /** A path in the directory. */
  path(name: string): string;
  /** Runs `piburn ARGS` in the directory, without a terminal. */
  piburn(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/**
 * A temporary directory that goes away with the test, with an image store and a home of its own. `memoryBytes`: so much
 * will be written and synced; it stays in memory where there is three times as much and the test may mount.
 */
export function workplace(t: TestContext, { memoryBytes }: { readonly memoryBytes?: number } = {}): Workplace {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'piburn-e2e-')));
  undo(t, () => rmSync(directory, { recursive: true, force: true }));
  if (memoryBytes !== undefined && isRoot && freemem() > 3 * memoryBytes) keepInMemory(t, directory, memoryBytes);
  const store = join(directory, 'store');
  const home = join(directory, 'home');
  mkdirSync(home);
  // No test asks the world for its list of images.
  const repo = join(directory, 'no-list.json');
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', HOME: home, PIBURN_STORE: store, PIBURN_REPO: repo };
  return {
    directory,
    store,
    path: (name) => join(directory, name),
    piburn: (args, options = {}) => runCli(args, directory, { ...options, env: { ...env, ...options.env } }),
  };
}

function keepInMemory(t: TestContext, directory: string, sizeBytes: number): void {
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'piburn-e2e', directory]);
  if (mount.status === 0) undo(t, () => execFileSync('umount', [directory]));
}

async function runCli(args: readonly string[], cwd: string, options: RunOptions): Promise<Ran> {
  const child = spawn(process.execPath, [programPath, ...args], {
    cwd,
    env: options.env,
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  // A command that refuses does not read its input to the end.
  if (options.stdin !== undefined && child.stdin)
    void pipeline(createReadStream(options.stdin), child.stdin).catch(() => undefined);
  const tooLong = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { code, ...text };
  } finally {
    clearTimeout(tooLong);
  }
}

/** The events that `--json` printed; every line of standard output must be one. */
export function eventsOf({ stdout, stderr }: Ran): (BurnEvent & { version: number })[] {
  assert.ok(stdout.endsWith('\n'), `no events on standard output; on standard error: ${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The summary of a `--json` run that must have ended well. */
export function goodSummary(ran: Ran): BurnSummary & { readonly cards: readonly [CardReport, ...CardReport[]] } {
  assert.equal(ran.code, 0, ran.stderr);
  const last = eventsOf(ran).at(-1);
  assert.ok(last?.type === 'end', 'the last event is the end');
  const [first, ...others] = last.summary.cards;
  assert.ok(first !== undefined, 'at least one card was burned');
  assert.ok(last.summary.cards.every(({ outcome, bootable }) => outcome === 'good' && bootable === 'yes'));
  return { ...last.summary, cards: [first, ...others] };
}

export function planOf(ran: Ran): Plan {
  const event = eventsOf(ran).find(({ type }) => type === 'plan');
  assert.ok(event?.type === 'plan', ran.stderr);
  return event.plan;
}

/** A loop device over a file, detached at the end of the test. The caller has made sure that it is root. */
export function attachLoop(t: TestContext, file: string, args: readonly string[] = []): string {
  const device = execFileSync('losetup', ['--find', '--show', ...args, file], { encoding: 'utf8' }).trim();
  undo(t, () => execFileSync('losetup', ['--detach', device]));
  return device;
}

/** The text of a file on the boot partition of a card, as mtools reads it. */
export const bootFile = (card: string, { boot }: PiImageLayout, name: string): string =>
  execFileSync('mtype', ['-i', `${card}@@${boot.offsetBytes}`, `::${name}`], { encoding: 'utf8', env: mtoolsEnv });

export const mtoolsEnv = { ...process.env, MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' };

/** fsck.vfat, e2fsck and sfdisk look at a card that holds an image of the given layout; throws when one complains. */
export function checkFileSystems(t: TestContext, card: string, { boot, root }: PiImageLayout): void {
  const copy = `${card}.boot`;
  undo(t, () => rmSync(copy, { force: true }));
  execFileSync(
    'dd',
    [
      `if=${card}`,
      `of=${copy}`,
      'bs=1M',
      'iflag=skip_bytes,count_bytes',
      'conv=sparse',
      `skip=${boot.offsetBytes}`,
      `count=${boot.lengthBytes}`,
    ],
    { stdio: 'pipe' },
  );
  execFileSync('fsck.vfat', ['-n', copy], { stdio: 'pipe' });
  execFileSync('e2fsck', ['-fn', `${card}?offset=${root.offsetBytes}`], { stdio: 'pipe' });
  execFileSync('sfdisk', ['--verify', '--quiet', card], { stdio: 'pipe' });
  rmSync(copy);
}
