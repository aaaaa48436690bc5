// What is written down of a bridge in use: which one it is, its reservations, its leases.

import { setTimeout as wait } from 'node:timers/promises';
import { failure } from '../../errors.js';
import type { DhcpLease } from '../../protocol.js';
import { paths } from '../plan/paths.js';
import type { BridgeSource } from '../source.js';
import { type BridgeHere, needBridge } from './here.js';
import { parseLeases } from './leases.js';
import { parseReservations, type ReservationFile } from './reservations.js';

/** What the files say. */
export interface Records {
  readonly here: BridgeHere;
  readonly file: ReservationFile;
  readonly leases: readonly DhcpLease[];
}

/** @throws PiburnError (usage) `NO_BRIDGE`; `FILE_UNUSABLE`. */
export async function readRecords(source: BridgeSource, nowMs = Date.now()): Promise<Records> {
  return {
    here: await needBridge(source),
    file: parseReservations(textOf(paths.dhcpHosts, source)),
    leases: parseLeases(await settledText(paths.leases, source), nowMs),
  };
}

const settleMs = 5;
const maxReads = 5;

/** dnsmasq writes its leases over the old ones, piece by piece: what reads the same twice is whole. */
async function settledText(path: string, source: BridgeSource): Promise<string> {
  let text = textOf(path, source);
  for (let reads = 1; reads < maxReads; reads += 1) {
    await wait(settleMs);
    const again = textOf(path, source);
    if (again === text) break;
    text = again;
  }
  return text;
}

/** An empty one would be taken for the truth, and written back. */
function textOf(path: string, source: BridgeSource): string {
  const text = source.file(path)?.text;
  if (text !== undefined || !source.exists(path)) return text ?? '';
  throw failure('FILE_UNUSABLE', `${path} cannot be read as a file of at most 1 MiB`, { hint: 'look at it' });
}

/** @throws PiburnError `BRIDGE_HALF_MADE`. */
export function refuseHalfMade({ state }: Pick<BridgeHere, 'state'>): void {
  if (state === undefined || state.phase === 'made') return;
  throw failure('BRIDGE_HALF_MADE', `the bridge is ${state.phase === 'making' ? 'half made' : 'half undone'}`, {
    hint: 'run `piburn bridge create` or `piburn bridge delete` again',
  });
}
