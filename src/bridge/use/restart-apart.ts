// `bridge restart --background`: another piburn does it, in a session of its own, so that it goes on when the SSH connection
// that asked for it goes down with the network. What it says is in a log.

import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { failure, refusal } from '../../errors.js';
import { startApart } from '../../exec.js';
import type { BridgeAccess } from '../bridge.js';
import { stateDirectory } from '../plan/paths.js';
import { needBridge } from './here.js';
import { refuseHalfMade } from './records.js';

export const restartLog = `${stateDirectory}/restart.log`;
const maxLogBytes = 1024 * 1024;

/**
 * `argv`: the program and the words of the command that restarts. Returns the number of its process.
 * @throws PiburnError `NOT_ROOT`, `NO_BRIDGE`, `BRIDGE_HALF_MADE`, `NOT_STARTED`.
 */
export async function restartApart(argv: readonly string[], access: BridgeAccess): Promise<number> {
  if (!access.isRoot) throw refusal('NOT_ROOT', 'only root may restart the bridge', { hint: 'use sudo' });
  refuseHalfMade(await needBridge(access.source));
  const [program = '', ...args] = argv;
  const log = openSync(restartLog, 'a', 0o644);
  try {
    if (fstatSync(log).size > maxLogBytes) ftruncateSync(log);
    writeSync(log, `--- ${new Date().toISOString()}\n`);
    const pid = startApart(program, args, log);
    if (pid !== undefined) return pid;
    throw failure('NOT_STARTED', `${program} could not be started`, { hint: 'restart without --background' });
  } finally {
    closeSync(log);
  }
}
