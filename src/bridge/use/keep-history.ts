// Reads the history of leases with what is new in it, and writes that down: as root, and unless another piburn is at work
// on the bridge, which a look must not wait for.

import { lockFile } from '../../native.js';
import type { PastLease } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import { paths, stateDirectory } from '../plan/paths.js';
import type { BridgeSource } from '../source.js';
import { endOf, extendHistory, historyText, maxHistoryBytes, parseHistory } from './lease-history.js';
import { type Records, readRecords } from './records.js';

export const historyPath = `${stateDirectory}/lease-history`;

/** Oldest first. */
export function keepHistory(
  records: Pick<Records, 'here' | 'leases'>,
  access: Pick<BridgeAccess, 'source' | 'system' | 'isRoot'>,
  nowMs = Date.now(),
): readonly PastLease[] {
  const lock = access.isRoot ? lockFile(paths.lock, 'exclusive') : undefined;
  if (lock === undefined) return extended(records, access.source, nowMs).history;
  try {
    return writeHistory(records, access, nowMs);
  } finally {
    lock.close();
  }
}

/** For commands that have no use for the leases themselves. @throws PiburnError (usage) `NO_BRIDGE`. */
export const noteLeases = async (access: BridgeAccess): Promise<void> =>
  void keepHistory(await readRecords(access.source), access);

/** For those who hold the lock already. */
export const keepHistoryLocked = (
  records: Pick<Records, 'here' | 'leases'>,
  access: Pick<BridgeAccess, 'source' | 'system'>,
): void => void writeHistory(records, access, Date.now());

function writeHistory(
  records: Pick<Records, 'here' | 'leases'>,
  { source, system }: Pick<BridgeAccess, 'source' | 'system'>,
  nowMs: number,
): readonly PastLease[] {
  const { history, isNew } = extended(records, source, nowMs);
  if (isNew && source.exists(stateDirectory)) {
    system.writeFile(historyPath, Buffer.from(historyText(history), 'latin1'), { mode: 0o644 });
  }
  return history;
}

/** `isNew`: it is to be written, for there is more in it, or the file is too long. */
function extended(
  { here, leases }: Pick<Records, 'here' | 'leases'>,
  source: Pick<BridgeSource, 'end' | 'exists'>,
  nowMs: number,
): { readonly history: readonly PastLease[]; readonly isNew: boolean } {
  // Its last part, whatever its length: the file is cut then, and never begun anew.
  const text = source.end(historyPath, 2 * maxHistoryBytes);
  const past = parseHistory(endOf(text ?? '', maxHistoryBytes));
  const history = extendHistory(past, leases, here.leaseMs, nowMs);
  const isUnreadable = text === undefined && source.exists(historyPath);
  const isTooLong = text !== undefined && text.length > maxHistoryBytes;
  return { history, isNew: !isUnreadable && (isTooLong || history !== past) };
}
