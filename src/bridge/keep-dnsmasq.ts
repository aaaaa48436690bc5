// What starts dnsmasq again where there is no systemd: when it has died, after a pause that grows. It ends when its pid file
// names another process, or is gone with the bridge. dnsmasq itself goes on when this ends.

import { daemonPid } from './daemon.js';
import { paths } from './plan/paths.js';
import type { BridgeSystem } from './system.js';

const lookMs = 1_000;
const longestPauseMs = 60_000;
const maxLogBytes = 512 * 1024;

export interface Keeper {
  /** Before and after dnsmasq is started: it must not be left alone in the midst of that. */
  onStarting(isStarting: boolean): void;
  isEnding(): boolean;
  /** A line for the log. */
  say(text: string): void;
}

/** Returns when it is not wanted any more. `own`: the number of this process. */
export async function keep(argv: readonly string[], own: number, system: BridgeSystem, keeper: Keeper): Promise<void> {
  const isWanted = () => !keeper.isEnding() && pidFile(system) === own;
  let [pauseMs, aliveMs] = [lookMs, 0];
  // Who started this writes the pid file a moment later.
  await system.sleep(lookMs);
  while (isWanted()) {
    const isAlive = daemonPid(system) !== undefined;
    aliveMs = isAlive ? aliveMs + lookMs : 0;
    if (aliveMs >= longestPauseMs) pauseMs = lookMs;
    if (!isAlive) {
      keeper.onStarting(true);
      keeper.say(await startAgain(argv, system));
      keeper.onStarting(false);
    }
    await system.sleep(isAlive ? lookMs : pauseMs);
    if (!isAlive) pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }
}

const pidFile = (system: BridgeSystem): number =>
  Number(system.readFile(paths.keeperPid)?.bytes.toString('latin1').trim() ?? Number.NaN);

/** Before it has its log dnsmasq says on standard error why it does not start. */
async function startAgain(argv: readonly string[], system: BridgeSystem): Promise<string> {
  if (isLogFull(system)) system.removeFile(paths.log);
  const result = await system.run({ argv });
  if (result?.exitCode === 0) return 'dnsmasq had ended; it was started again';
  const words = result === undefined ? 'it is not installed' : result.stderr.trim().slice(-600);
  return `dnsmasq has ended, and cannot be started again: ${words}`;
}

/** A file past the limit of the system cannot be read at all. */
function isLogFull(system: BridgeSystem): boolean {
  try {
    return (system.readFile(paths.log)?.bytes.length ?? 0) > maxLogBytes;
  } catch {
    return true;
  }
}
