// `bridge check`: whether the bridge does its work (`connection`), and whether its files are as they were written
// (`configuration`). The status asks what runs; this asks whether it is right.

import { netOfChecked, netText } from '../../ipv4-net.js';
import { HostAsker } from '../../network/ask-host.js';
import type { BridgePart } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import { readFacts } from '../facts.js';
import type { BridgeFacts } from '../plan/types.js';
import { askBoth, askName } from './ask-names.js';
import { checkFiles } from './check-files.js';
import { checkLease } from './check-lease.js';
import { checkRules } from './check-rules.js';
import type { BridgeHere } from './here.js';
import { down, unknown, up } from './part.js';
import { readRecords } from './records.js';
import { isSameName } from './reservations.js';
import { someAtATime } from './some-at-a-time.js';
import { addressPart, forwardingPart, uplinkParts } from './status.js';

export interface CheckWishes {
  readonly names: readonly string[];
  readonly configuration: boolean;
  readonly connection: boolean;
  /** A name in the internet that the bridge's name server is asked for. */
  readonly name?: string;
}

/** @throws PiburnError (usage) `NO_BRIDGE`. */
export async function checkBridge(wishes: CheckWishes, access: BridgeAccess): Promise<BridgePart[]> {
  const { source } = access;
  const records = await readRecords(source);
  const own = source.hostname().split('.')[0] ?? '';
  const hosts = wishes.names.filter((name) => !isSameName(name, own));
  return [
    ...(wishes.configuration ? checkFiles(records, source) : []),
    ...hosts.map((name) => checkLease(name, records)),
    ...(wishes.connection ? await checkConnection(records.here, wishes.name, access) : []),
    ...(wishes.connection ? await hostParts(hosts, records.here) : []),
  ];
}

async function checkConnection(
  here: BridgeHere,
  outside: string | undefined,
  access: BridgeAccess,
): Promise<BridgePart[]> {
  const { source } = access;
  const facts = await readFacts(source);
  const own = source.hostname().split('.')[0] ?? '';
  const parts = [addressPart(here, facts), netPart(here, facts), await namePart(own, here)];
  if (here.uplink === undefined) {
    const why = 'not asked for: this bridge has no way to the internet';
    return outside === undefined ? parts : [...parts, unknown(internetNames, why)];
  }
  return [
    ...parts,
    ...uplinkParts(here.uplink, facts, source),
    forwardingPart(facts),
    ...(await checkRules(here, facts, access)),
    await internetNamePart(outside ?? usualName, here),
  ];
}

const internetNames = 'internet names';
/** A name that every Raspberry Pi OS needs. */
const usualName = 'deb.debian.org';

async function internetNamePart(name: string, { ip, dns }: BridgeHere): Promise<BridgePart> {
  const { problem, addresses } = await askName(name, ip);
  if (problem === undefined) return up(internetNames, `${name} is ${addresses[0]}`);
  const asked = dns.length === 0 ? 'the name servers of this machine' : dns.join(' and ');
  const hint = `dnsmasq asks ${asked}: see that they answer, or name others: \`piburn bridge create --dns=ADDRESS\``;
  return down(internetNames, `${name}: ${problem}`, hint);
}

/** A route of somebody else's for the same network takes its packets elsewhere. */
function netPart({ private: side, ip, prefixLength }: BridgeHere, { routes }: BridgeFacts): BridgePart {
  const net = netText(netOfChecked(ip, prefixLength));
  const route = routes.find(({ destination }) => destination === net);
  if (route?.interface === side) return up('cluster route', `${net} is reached through ${side}`);
  if (route !== undefined)
    return down('cluster route', `${net} is reached through ${route.interface}, not ${side}`, 'take that route away');
  return down('cluster route', `there is no route to ${net}`, `switch ${side} on and look at its cable`);
}

async function namePart(name: string, here: BridgeHere): Promise<BridgePart> {
  const answer = await askBoth(name, here.domain, here.ip);
  if (answer.problem !== undefined) return down('DNS', `${name}: ${answer.problem}`, 'run `piburn bridge status`');
  return up('DNS', `${name} and ${name}.${here.domain} are ${answer.addresses.join(', ')}`);
}

const pingMs = 1000;
const atOnce = 16;

function hostParts(names: readonly string[], here: BridgeHere): Promise<BridgePart[]> {
  const asker = new HostAsker(pingMs);
  return someAtATime(names, atOnce, (name) => hostPart(name, here, asker));
}

async function hostPart(name: string, here: BridgeHere, asker: HostAsker): Promise<BridgePart> {
  const { problem, addresses } = await askBoth(name, here.domain, here.ip);
  const [address] = addresses;
  if (problem !== undefined || address === undefined)
    return down(name, problem ?? 'it has no address', 'see `piburn bridge list`');
  const { answered } = await asker.ask(address);
  return answered
    ? up(name, `${address} answers`)
    : down(name, `${address} does not answer`, 'look at its power and its cable');
}
