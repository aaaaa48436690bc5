// All that there is to know of a bridge in use: what it is, its hosts, the history of its leases, its traffic.

import type { BridgeTraffic, InterfaceTraffic, PastLease, SeenHost } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import type { BridgeSource } from '../source.js';
import type { BridgeHere } from './here.js';
import { hostsOf, lookAt, selectHosts } from './hosts.js';
import { keepHistory } from './keep-history.js';
import { readRecords } from './records.js';

export interface BridgeInfo {
  readonly here: BridgeHere;
  readonly hosts: readonly SeenHost[];
  readonly history: readonly PastLease[];
  readonly traffic: BridgeTraffic;
}

/** @throws PiburnError (usage) `NO_BRIDGE`. */
export async function bridgeInfo(access: BridgeAccess): Promise<BridgeInfo> {
  const { source } = access;
  const records = await readRecords(source);
  const { here } = records;
  const history = keepHistory(records, access);
  const [hosts, own, uplink] = await Promise.all([
    lookAt(hostsOf(records, source.hostname()), here.private, source),
    readTraffic(here.private, source),
    here.uplink === undefined ? undefined : readTraffic(here.uplink, source),
  ]);
  const traffic = { ...(own && { private: own }), ...(uplink && { uplink }) };
  return { here, hosts, history, traffic };
}

/** The hosts of some names, or all; `unknown`: names that no host has. @throws PiburnError (usage) `NO_BRIDGE`. */
export async function bridgeHosts(
  names: readonly string[] | undefined,
  access: BridgeAccess,
): Promise<{ readonly hosts: readonly SeenHost[]; readonly unknown: readonly string[] }> {
  const { source } = access;
  const records = await readRecords(source);
  keepHistory(records, access);
  const all = hostsOf(records, source.hostname());
  const { hosts, unknown } = names === undefined ? { hosts: all, unknown: [] } : selectHosts(names, all);
  return { hosts: await lookAt(hosts, records.here.private, source), unknown };
}

/** `ip -json -statistics link` (iproute2, print_stats64). */
async function readTraffic(name: string, source: Pick<BridgeSource, 'output'>): Promise<InterfaceTraffic | undefined> {
  const text = await source.output('ip', ['-json', '-statistics', 'link', 'show', 'dev', name]);
  try {
    const [link] = JSON.parse(text ?? '[]') as readonly { stats64?: Partial<Record<string, { bytes?: unknown }>> }[];
    const receivedBytes = link?.stats64?.['rx']?.bytes;
    const sentBytes = link?.stats64?.['tx']?.bytes;
    if (typeof receivedBytes === 'number' && typeof sentBytes === 'number') return { receivedBytes, sentBytes };
  } catch {
    // told by undefined
  }
  return undefined;
}
