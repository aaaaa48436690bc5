// dnsmasq without systemd: started by piburn, known by its pid file and by what /proc says of that process. A second process,
// the keeper, starts it again when it dies (keep-dnsmasq.ts).

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleUrl } from '../code-root.js';
import { failure } from '../errors.js';
import { paths } from './plan/paths.js';
import type { BridgeSystem } from './system.js';

const stopMs = 5_000;
const pollMs = 50;

export const keeperProgram = fileURLToPath(moduleUrl('cli/keep-dnsmasq.js'));

/** The running dnsmasq of ours: a pid file alone proves nothing, numbers are used again. */
export function daemonPid(system: Pick<BridgeSystem, 'readFile' | 'commandLine'>): number | undefined {
  const pid = pidIn(paths.pid, system);
  return pid !== undefined && isDaemon(system.commandLine(pid)) ? pid : undefined;
}

/** The keeper that the pid file names; it ends by itself when that names another one. */
export function keeperPid(system: Pick<BridgeSystem, 'readFile' | 'commandLine'>): number | undefined {
  const pid = pidIn(paths.keeperPid, system);
  return pid !== undefined && isKeeper(system.commandLine(pid)) ? pid : undefined;
}

function pidIn(path: string, system: Pick<BridgeSystem, 'readFile'>): number | undefined {
  const pid = Number(system.readFile(path)?.bytes.toString('latin1').trim() ?? Number.NaN);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/** By its words: a dnsmasq with a file of ours. */
export const isDaemon = (words: readonly string[] | undefined): boolean =>
  words !== undefined && basename(words[0] ?? '') === 'dnsmasq' && words.includes(`--conf-file=${paths.dnsmasq}`);

export const isKeeper = (words: readonly string[] | undefined): boolean =>
  words?.[1]?.endsWith('/cli/keep-dnsmasq.js') === true && words.includes(`--conf-file=${paths.dnsmasq}`);

/**
 * Starts it anew. dnsmasq goes into the background when it has its sockets, and says why when it cannot get them; only then
 * it is kept.
 * @throws PiburnError `STEP_FAILED`.
 */
export async function startDaemon(system: BridgeSystem, argv: readonly string[]): Promise<void> {
  await stopDaemon(system);
  // Its log begins anew, so that it cannot grow for ever.
  system.removeFile(paths.log);
  const result = await system.run({ argv });
  if (result?.exitCode !== 0) {
    const words = result === undefined ? 'it is not installed' : result.stderr.trim() || `exit code ${result.exitCode}`;
    throw failure('STEP_FAILED', `dnsmasq did not start: ${words}`, { hint: `see ${paths.log}` });
  }
  const pid = system.startApart([process.execPath, keeperProgram, ...argv], paths.log);
  if (pid === undefined) {
    throw failure('STEP_FAILED', `${process.execPath}, which starts dnsmasq again when it dies, could not be started`, {
      hint: 'see whether the limit of processes is reached',
    });
  }
  system.writeFile(paths.keeperPid, Buffer.from(`${pid}\n`), { mode: 0o644 });
}

/** All of ours that run, known by their words: the pid files may be lost. The keepers first. */
export async function stopDaemon(system: BridgeSystem): Promise<void> {
  for (const isOurs of [isKeeper, isDaemon]) {
    for (const pid of system.pids()) if (isOurs(system.commandLine(pid))) await end(pid, system);
  }
}

async function end(pid: number, system: BridgeSystem): Promise<void> {
  const name = basename(system.commandLine(pid)?.[0] ?? 'it');
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    system.signal(pid, signal);
    for (let waitedMs = 0; waitedMs < stopMs; waitedMs += pollMs) {
      if (!system.isRunning(pid)) return;
      await system.sleep(pollMs);
    }
  }
  throw failure('STEP_FAILED', `${name} (pid ${pid}) does not end`, { hint: 'look at it with ps' });
}
