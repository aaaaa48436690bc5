// Which bridge is set up on this machine. The state file says, and is root's; what a plain user needs stands in the files
// for dnsmasq and nftables as well, which anybody may read.

import { usageError } from '../../errors.js';
import { given } from '../../given.js';
import { ipv4Number, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import { paths } from '../plan/paths.js';
import type { BridgeState } from '../plan/types.js';
import type { BridgeSource } from '../source.js';
import { parseState } from '../state.js';

export interface BridgeHere extends BridgeSettings {
  /** The manager's address; `ip` under the name that nodes have for theirs. */
  readonly address: string;
  /** `10.1.1.0/24` */
  readonly ipv4Net: string;
  /** How long a lease lasts. */
  readonly leaseMs: number;
  /** Undefined: this user may not read it. */
  readonly state?: BridgeState;
}

/**
 * The bridge of this machine; undefined when there is none. No right of root's is needed: without it `state` and `dns` are
 * not known (`dns` is empty then).
 * @throws PiburnError `BRIDGE_STATE` for a state file that is damaged.
 */
export async function readHere(source: BridgeSource): Promise<BridgeHere | undefined> {
  const stateText = source.file(paths.state)?.text;
  const conf = (source.file(paths.ownDnsmasq) ?? source.file(paths.dnsmasq))?.text;
  const leaseMs = leaseTimeOf(conf ?? '');
  if (stateText !== undefined) {
    const state = parseState(Buffer.from(stateText, 'latin1').toString('utf8'));
    return { ...withNet(state.settings), leaseMs, state };
  }
  // Files without a state are leftovers, which `delete` removes.
  if (conf === undefined || !source.exists(paths.state)) return undefined;
  const settings = readConf(conf, source.file(paths.nft)?.text ?? '');
  return settings === undefined ? undefined : { ...withNet(settings), leaseMs };
}

/** @throws PiburnError (usage) `NO_BRIDGE`; `BRIDGE_STATE`. */
export async function needBridge(source: BridgeSource): Promise<BridgeHere> {
  const here = await readHere(source);
  if (here !== undefined) return here;
  throw usageError('NO_BRIDGE', 'there is no bridge on this machine', { hint: 'make one: `piburn bridge create`' });
}

const withNet = (settings: BridgeSettings) => ({
  ...settings,
  address: settings.ip,
  ipv4Net: netText(netOfChecked(settings.ip, settings.prefixLength)),
});

/** What dnsmasq-conf.ts and nft-rules.ts have written; undefined for anything else. */
function readConf(conf: string, rules: string): BridgeSettings | undefined {
  const value = (pattern: RegExp) => pattern.exec(conf)?.[1];
  const side = value(/^interface=(\S+)$/m);
  // Without an uplink no router is told of.
  const ip = value(/^dhcp-option=tag:piburn,option:dns-server,(\S+)$/m);
  const domain = value(/^domain=([^,\s]+)/m);
  const [, rangeFirst, rangeLast, mask = ''] = rangeLine.exec(conf) ?? [];
  const maskNumber = ipv4Number(mask);
  if (!side || !ip || !domain || !rangeFirst || !rangeLast || maskNumber === undefined) return undefined;
  const uplink = /oifname "([^"]+)" masquerade/.exec(rules)?.[1];
  const prefixLength = 32 - Math.log2(2 ** 32 - maskNumber);
  return { private: side, ip, prefixLength, rangeFirst, rangeLast, dns: [], domain, ...given({ uplink }) };
}

const rangeLine = /^dhcp-range=set:piburn,([\d.]+),([\d.]+),([\d.]+),(\d+)([hm]?)$/m;
const usualLeaseMs = 12 * 3_600_000;

function leaseTimeOf(conf: string): number {
  const [, , , , amount, unit = ''] = rangeLine.exec(conf) ?? [];
  const unitMs = { h: 3_600_000, m: 60_000 }[unit] ?? 1000;
  return amount === undefined ? usualLeaseMs : Number(amount) * unitMs;
}
