// dnsmasq without systemd: started by piburn, known by its pid file and by what /proc says of that process.

import { failure } from '../errors.js';
import { paths } from './plan/paths.js';
import type { BridgeSystem } from './system.js';

const stopMs = 5_000;
const pollMs = 50;

/** The running dnsmasq of ours: a pid file alone proves nothing, numbers are used again. */
export function daemonPid(system: Pick<BridgeSystem, 'readFile' | 'commandLine'>): number | undefined {
  const pid = Number(system.readFile(paths.pid)?.bytes.toString('latin1').trim() ?? Number.NaN);
  if (!Number.isSafeInteger(pid) || pid < 2) return undefined;
  return system.commandLine(pid)?.includes(`--conf-file=${paths.dnsmasq}`) === true ? pid : undefined;
}

/** Starts it anew. dnsmasq goes into the background when it has its sockets, and says why when it cannot get them. */
export async function startDaemon(system: BridgeSystem, argv: readonly string[]): Promise<void> {
  await stopDaemon(system);
  // Its log begins anew, so that it cannot grow for ever.
  system.removeFile(paths.log);
  const result = await system.run({ argv });
  if (result?.exitCode === 0) return;
  const words = result === undefined ? 'it is not installed' : result.stderr.trim() || `exit code ${result.exitCode}`;
  throw failure('STEP_FAILED', `dnsmasq did not start: ${words}`, { hint: `see ${paths.log}` });
}

export async function stopDaemon(system: BridgeSystem): Promise<void> {
  const pid = daemonPid(system);
  if (pid === undefined) return;
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    system.signal(pid, name);
    for (let waitedMs = 0; waitedMs < stopMs; waitedMs += pollMs) {
      if (!system.isRunning(pid)) return;
      await system.sleep(pollMs);
    }
  }
  throw failure('STEP_FAILED', `dnsmasq (pid ${pid}) does not end`, { hint: 'look at it with ps' });
}
