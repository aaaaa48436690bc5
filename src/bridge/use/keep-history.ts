// Reads the history of leases with what is new in it, and writes that down: as root, and unless another piburn is at work
// on the bridge, which a look must not wait for.

import { lockFile } from '../../native.js';
import type { BridgeAccess } from '../bridge.js';
import { paths, stateDirectory } from '../plan/paths.js';
import { extendHistory, historyText, type PastLease, parseHistory } from './lease-history.js';
import { type Records, readRecords } from './records.js';

export const historyPath = `${stateDirectory}/lease-history`;

/** Oldest first. */
export function keepHistory(
  { here, leases }: Pick<Records, 'here' | 'leases'>,
  access: Pick<BridgeAccess, 'source' | 'system' | 'isRoot'>,
  nowMs = Date.now(),
): readonly PastLease[] {
  const read = () => parseHistory(access.source.file(historyPath)?.text ?? '');
  const extend = (history: readonly PastLease[]) => extendHistory(history, leases, here.leaseMs, nowMs);
  const lock = access.isRoot ? lockFile(paths.lock, 'exclusive') : undefined;
  if (lock === undefined) return extend(read());
  try {
    return writeHistory(read(), extend, access);
  } finally {
    lock.close();
  }
}

/** For commands that have no use for the leases themselves. @throws PiburnError (usage) `NO_BRIDGE`. */
export const noteLeases = async (access: BridgeAccess): Promise<void> =>
  void keepHistory(await readRecords(access.source), access);

/** For those who hold the lock already. */
export function keepHistoryLocked({ here, leases }: Pick<Records, 'here' | 'leases'>, access: BridgeAccess): void {
  const history = parseHistory(access.source.file(historyPath)?.text ?? '');
  writeHistory(history, (past) => extendHistory(past, leases, here.leaseMs, Date.now()), access);
}

function writeHistory(
  history: readonly PastLease[],
  extend: (history: readonly PastLease[]) => readonly PastLease[],
  { source, system }: Pick<BridgeAccess, 'source' | 'system'>,
): readonly PastLease[] {
  const extended = extend(history);
  const isNew = extended !== history && source.exists(stateDirectory);
  if (isNew) system.writeFile(historyPath, Buffer.from(historyText(extended), 'latin1'), { mode: 0o644 });
  return extended;
}
