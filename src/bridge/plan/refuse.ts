// Every reason not to make a bridge on this machine, each with its sentence; and what is worth a warning.

import { isIPv4 } from 'node:net';
import { sameNet6 } from '../../address.js';
import { refusal, usageError } from '../../errors.js';
import { type Ipv4Net, netOf, netOfChecked, netText, overlap } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import { dnsmasqHome, keptByPurge } from './dnsmasq-home.js';
import { nameServerWarnings, refuseOwnNameServer } from './name-servers.js';
import { paths } from './paths.js';
import { refusePorts } from './ports.js';
import { guardSession, sessionOver } from './session.js';
import { interfaceNames, refuseSame } from './settings.js';
import type { BridgeFacts, InterfaceFacts, Wishes } from './types.js';

/**
 * Returns warnings.
 * @throws PiburnError (refused) `SAME_INTERFACE`, `NET_OVERLAP`, `SSH_SESSION`, `PORT_TAKEN`, `WIRELESS`,
 * `PURGE`; (usage) `UNKNOWN_INTERFACE`, `DNS`.
 */
export function refuse(settings: BridgeSettings, wishes: Wishes, facts: BridgeFacts): string[] {
  const side = knownInterface(settings.private, '--private', facts);
  if (settings.uplink !== undefined) knownInterface(settings.uplink, '--interface', facts);
  refuseSame(settings.uplink, settings.private);
  refuseWireless(side);
  refuseOverlap(settings, facts);
  const staying = [settings.ip, ...(settings.ipv6 === undefined ? [] : [settings.ipv6.address])];
  const session = guardSession(sessionOver(side.name, facts, staying), 'the bridge', wishes.onSession);
  refuseOwnNameServer(settings);
  refusePorts(settings, wishes, facts);
  refusePurge(wishes, facts);
  return [
    ...session,
    ...uplinkWarnings(settings, facts),
    ...addressWarnings(settings, side, facts),
    ...routeWarnings(settings, facts),
    ...nameServerWarnings(settings, facts),
    ...dnsmasqWarnings(settings, wishes, facts),
    ...reservationWarnings(settings, facts),
    ...leaseWarnings(settings, facts),
  ];
}

function knownInterface(name: string, option: string, facts: BridgeFacts): InterfaceFacts {
  const found = facts.interfaces.find((each) => each.name === name && !each.isLoopback);
  if (found !== undefined) return found;
  throw usageError('UNKNOWN_INTERFACE', `${option}: there is no interface '${name}' on this machine`, {
    hint: `there are ${interfaceNames(facts)}`,
  });
}

/** `apt-get` would take them away together with dnsmasq. */
function refusePurge({ purge = false }: Wishes, { removedWithDnsmasq = [] }: BridgeFacts): void {
  if (!purge || removedWithDnsmasq.length === 0) return;
  const names = removedWithDnsmasq.join(' and ');
  throw refusal('PURGE', `--purge would remove ${names} as well: without dnsmasq they cannot be installed`, {
    hint: 'leave --purge out, or remove them yourself before',
  });
}

function refuseWireless(side: InterfaceFacts): void {
  if (!side.isWireless) return;
  throw refusal('WIRELESS', `${side.name} is a Wi-Fi interface, and the cluster side is a cable`, {
    hint: 'name the wired interface with --private; --interface is the side of the internet',
  });
}

function refuseOverlap(settings: BridgeSettings, facts: BridgeFacts): void {
  const net = netOfChecked(settings.ip, settings.prefixLength);
  for (const other of facts.interfaces) {
    if (other.name === settings.private || other.isLoopback) continue;
    for (const { family, address, prefixLength } of other.addresses) {
      const clash = family === 4 ? overlap(net, netOfChecked(address, prefixLength)) : isInPrefix(address, settings);
      if (!clash) continue;
      const ours = family === 4 ? netText(net) : `${settings.ipv6?.prefix}/64`;
      const whose = other.name === settings.uplink ? `the uplink ${other.name}` : other.name;
      const theirs = family === 4 ? netText(netOfChecked(address, prefixLength)) : `${address}/${prefixLength}`;
      throw refusal('NET_OVERLAP', `the bridge's network ${ours} overlaps ${theirs} of ${whose}`, {
        hint: family === 4 ? 'choose another one: --ip=10.77.0.1, say' : 'choose another one: --ipv6=PREFIX',
      });
    }
  }
}

/** Every interface has a link-local address, in the same network as all others. */
const isInPrefix = (address: string, { ipv6 }: BridgeSettings): boolean =>
  ipv6 !== undefined && !address.startsWith('fe80:') && sameNet6({ address: ipv6.address, prefixLength: 64 }, address);

function uplinkWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  if (settings.uplink === undefined || facts.defaultRoute === settings.uplink) return [];
  const now = facts.defaultRoute === undefined ? 'there is none' : `it goes over ${facts.defaultRoute}`;
  return [
    `the default route does not go over the uplink ${settings.uplink} now (${now}): the cluster has no internet yet`,
  ];
}

function addressWarnings(settings: BridgeSettings, side: InterfaceFacts, { state }: BridgeFacts): string[] {
  // That of a bridge which moves is ours.
  const own = [settings.ip, state?.settings.ip];
  const others = side.addresses.filter(({ family, address }) => family === 4 && !own.includes(address));
  const ours = new Set(['169.254']);
  const shown = others.filter(({ address }) => !ours.has(address.split('.').slice(0, 2).join('.')));
  if (shown.length === 0) return [];
  const texts = shown.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' and ');
  return [`${side.name} has ${texts} now; is there another router on that side? It may lose that address`];
}

function routeWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const net = netOfChecked(settings.ip, settings.prefixLength);
  const hidden = facts.routes.find((route) => {
    const other = netOfRoute(route.destination);
    const isConnected = facts.interfaces.some(
      (each) =>
        each.name === route.interface &&
        each.addresses.some(
          (one) => one.family === 4 && netText(netOfChecked(one.address, one.prefixLength)) === route.destination,
        ),
    );
    return other !== undefined && route.interface !== settings.private && !isConnected && overlap(net, other);
  });
  if (hidden === undefined) return [];
  return [
    `${netText(net)} is part of ${hidden.destination}, which is routed over ${hidden.interface}: the bridge hides that part`,
  ];
}

/** A dnsmasq of somebody else is left as it is; that is worth knowing, and so is what --purge leaves behind. */
function dnsmasqWarnings({ private: side }: BridgeSettings, { purge = false }: Wishes, facts: BridgeFacts): string[] {
  if (dnsmasqHome(facts, purge) !== 'unit') return [];
  const foreign = purge ? keptByPurge(facts) : facts.dnsmasq.foreignFiles;
  if (foreign.length === 0) return [];
  const files = foreign.join(' and ');
  if (purge && facts.services['dnsmasq']?.exists === true)
    return [`${files} stays, and without dnsmasq.service nobody reads it any more`];
  return [`dnsmasq has settings of others in ${files}: they stay as they are, and ${side} gets a dnsmasq of its own`];
}

/** The network of a route's destination: `10.1.1.0/24`, or an address alone; undefined for others. */
function netOfRoute(destination: string): Ipv4Net | undefined {
  const [address = '', length = '32'] = destination.split('/');
  return netOf(address, Number(length));
}

function reservationWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const text = facts.files[paths.dhcpHosts]?.text ?? '';
  const net = netOfChecked(settings.ip, settings.prefixLength);
  const addresses = text.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [];
  const outside = addresses.filter((address) => isOutside(address, net));
  if (outside.length === 0) return [];
  const what = outside.length === 1 ? `the reservation of ${outside[0]} lies` : `${outside.length} reservations lie`;
  return [`${what} outside the bridge's network and will not be given out`];
}

/** Their hosts keep what they have until they ask again, and dnsmasq tells their names until then. */
function leaseWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const net = netOfChecked(settings.ip, settings.prefixLength);
  const lines = (facts.files[paths.leases]?.text ?? '').split('\n').map((line) => line.split(' '));
  const outside = lines.filter(([, , address = '']) => isIPv4(address) && isOutside(address, net));
  if (outside.length === 0) return [];
  const shown = outside
    .slice(0, maxShown)
    .map(([, , address, name]) => (name === '*' ? address : `${name} ${address}`));
  const more = outside.length > maxShown ? ', …' : '';
  const what = outside.length === 1 ? 'a lease lies' : `${outside.length} leases lie`;
  return [
    `${what} outside the bridge's network (${shown.join(', ')}${more}): those hosts are not reached until they ask for another address; start them anew`,
  ];
}

const maxShown = 5;

function isOutside(address: string, net: Ipv4Net): boolean {
  const one = netOfRoute(address);
  return one === undefined || !overlap(net, one);
}
