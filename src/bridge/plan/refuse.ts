// Every reason not to make a bridge on this machine, each with its sentence; and what is worth a warning.

import { sameNet6 } from '../../address.js';
import { type PiburnError, refusal, usageError } from '../../errors.js';
import { netOf, netOfRoute, netText, overlap } from './net.js';
import { interfaceNames, refuseSame } from './settings.js';
import type { BridgeFacts, BridgeSettings, InterfaceFacts, Listener, Wishes } from './types.js';

/**
 * Returns warnings.
 * @throws PiburnError (refused) `SAME_INTERFACE`, `NET_OVERLAP`, `SSH_SESSION`, `PORT_TAKEN`, `WIRELESS`; (usage)
 * `UNKNOWN_INTERFACE`.
 */
export function refuse(settings: BridgeSettings, wishes: Wishes, facts: BridgeFacts): string[] {
  const side = knownInterface(settings.private, '--private', facts);
  if (settings.uplink !== undefined) knownInterface(settings.uplink, '--interface', facts);
  refuseSame(settings.uplink, settings.private);
  refuseWireless(side);
  refuseOverlap(settings, facts);
  refuseSession(side, settings, wishes, facts);
  refusePorts(settings, facts);
  return [
    ...uplinkWarnings(settings, facts),
    ...addressWarnings(settings, side),
    ...routeWarnings(settings, facts),
    ...dnsmasqWarnings(settings, facts),
    ...reservationWarnings(settings, facts),
  ];
}

function knownInterface(name: string, option: string, facts: BridgeFacts): InterfaceFacts {
  const found = facts.interfaces.find((each) => each.name === name && !each.isLoopback);
  if (found !== undefined) return found;
  throw usageError('UNKNOWN_INTERFACE', `${option}: there is no interface '${name}' on this machine`, {
    hint: `there are ${interfaceNames(facts)}`,
  });
}

function refuseWireless(side: InterfaceFacts): void {
  if (!side.isWireless) return;
  throw refusal('WIRELESS', `${side.name} is a Wi-Fi interface, and the cluster side is a cable`, {
    hint: 'name the wired interface with --private; --interface is the side of the internet',
  });
}

function refuseOverlap(settings: BridgeSettings, facts: BridgeFacts): void {
  const net = netOf(settings.ip, settings.prefixLength);
  for (const other of facts.interfaces) {
    if (other.name === settings.private || other.isLoopback) continue;
    for (const { family, address, prefixLength } of other.addresses) {
      const clash = family === 4 ? overlap(net, netOf(address, prefixLength)) : isInPrefix(address, settings);
      if (!clash) continue;
      const ours = family === 4 ? netText(settings.ip, settings.prefixLength) : `${settings.ipv6?.prefix}/64`;
      const whose = other.name === settings.uplink ? `the uplink ${other.name}` : other.name;
      const theirs = family === 4 ? netText(address, prefixLength) : `${address}/${prefixLength}`;
      throw refusal('NET_OVERLAP', `the bridge's network ${ours} overlaps ${theirs} of ${whose}`, {
        hint: family === 4 ? 'choose another one: --ip=10.77.0.1, say' : 'choose another one: --ipv6=PREFIX',
      });
    }
  }
}

/** Every interface has a link-local address, in the same network as all others. */
const isInPrefix = (address: string, { ipv6 }: BridgeSettings): boolean =>
  ipv6 !== undefined && !address.startsWith('fe80:') && sameNet6({ address: ipv6.address, prefixLength: 64 }, address);

function refuseSession(side: InterfaceFacts, settings: BridgeSettings, wishes: Wishes, facts: BridgeFacts): void {
  const used = side.addresses.find(({ address }) => facts.sshAddresses.includes(address));
  if (used === undefined || used.address === settings.ip || wishes.yes === true) return;
  throw refusal(
    'SSH_SESSION',
    `an SSH session comes in at ${used.address} on ${side.name}, and the bridge would cut it off`,
    { hint: 'come in over the uplink, or say --yes if that session may end' },
  );
}

/** DHCP of IPv4 is port 67 (RFC 2131), DNS port 53; dnsmasq with `bind-dynamic` shares both with sockets of other interfaces. */
function refusePorts(settings: BridgeSettings, facts: BridgeFacts): void {
  for (const listener of facts.listeners) {
    if (isOurs(listener, facts) || !isInTheWay(listener, settings)) continue;
    throw portTaken(listener, settings);
  }
}

/** The dnsmasq that we start, or the distribution's, which we give a file and restart. */
export function isOurs({ pid }: Listener, facts: BridgeFacts): boolean {
  // Only root is told who listens.
  if (pid === undefined) return facts.dnsmasq.readsFolder && facts.services['dnsmasq']?.isActive === true;
  const services = facts.dnsmasq.readsFolder ? ['dnsmasq', 'piburn-bridge-dnsmasq'] : ['piburn-bridge-dnsmasq'];
  return pid === facts.daemonPid || (facts.hasSystemd && services.some((name) => facts.services[name]?.pid === pid));
}

function isInTheWay(listener: Listener, settings: BridgeSettings): boolean {
  const isDhcp = listener.port === 67 && listener.protocol === 'udp';
  if (!isDhcp && listener.port !== 53) return false;
  if (listener.interface !== undefined) return listener.interface === settings.private;
  return ['*', settings.ip, settings.ipv6?.address].includes(listener.address);
}

function portTaken(listener: Listener, settings: BridgeSettings): PiburnError {
  const { program = 'another program', pid, port, address } = listener;
  const who = pid === undefined ? program : `${program} (pid ${pid})`;
  const where = address === '*' ? 'on all addresses' : `on ${address}`;
  const what = port === 67 ? 'DHCP' : 'DNS';
  return refusal(
    'PORT_TAKEN',
    `port ${port} (${what}) is taken ${where} by ${who}, so ${settings.private} cannot have it`,
    {
      hint: portHints[program] ?? `stop ${program}, or have it leave ${settings.private} alone`,
    },
  );
}

const portHints: Readonly<Record<string, string>> = {
  'systemd-resolve': 'set DNSStubListenerExtra= to nothing in /etc/systemd/resolved.conf and restart systemd-resolved',
  dnsmasq: 'stop that dnsmasq, or give it `bind-dynamic` and `interface=` lines that leave the cluster side out',
  named: 'give named `listen-on` with its own addresses only, or stop it',
  unbound: 'give unbound `interface:` lines with its own addresses only, or stop it',
  dhcpd: 'have dhcpd serve its own interfaces only, or stop it',
};

function uplinkWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  if (settings.uplink === undefined || facts.defaultRoute === settings.uplink) return [];
  const now = facts.defaultRoute === undefined ? 'there is none' : `it goes over ${facts.defaultRoute}`;
  return [
    `the default route does not go over the uplink ${settings.uplink} now (${now}): the cluster has no internet yet`,
  ];
}

function addressWarnings(settings: BridgeSettings, side: InterfaceFacts): string[] {
  const others = side.addresses.filter(({ family, address }) => family === 4 && address !== settings.ip);
  const ours = new Set(['169.254']);
  const shown = others.filter(({ address }) => !ours.has(address.split('.').slice(0, 2).join('.')));
  if (shown.length === 0) return [];
  const texts = shown.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' and ');
  return [`${side.name} has ${texts} now; is there another router on that side? It may lose that address`];
}

function routeWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const net = netOf(settings.ip, settings.prefixLength);
  const hidden = facts.routes.find((route) => {
    const other = netOfRoute(route.destination);
    const isConnected = facts.interfaces.some(
      (each) =>
        each.name === route.interface &&
        each.addresses.some((one) => one.family === 4 && netText(one.address, one.prefixLength) === route.destination),
    );
    return other !== undefined && route.interface !== settings.private && !isConnected && overlap(net, other);
  });
  if (hidden === undefined) return [];
  const ours = netText(settings.ip, settings.prefixLength);
  return [
    `${ours} is part of ${hidden.destination}, which is routed over ${hidden.interface}: the bridge hides that part`,
  ];
}

function dnsmasqWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const warnings: string[] = [];
  if (settings.dns.length === 0 && settings.uplink !== undefined && facts.resolvers.servers.length === 0) {
    warnings.push(
      `${facts.resolvers.file} names no name server: the cluster resolves no names of the internet; see --dns`,
    );
  }
  const { foreignFiles, limitsInterfaces, readsFolder } = facts.dnsmasq;
  if (foreignFiles.length > 0 && readsFolder && facts.hasSystemd) {
    const only = limitsInterfaces ? '' : `, and from now on it answers on ${settings.private} only`;
    warnings.push(
      `dnsmasq has settings in ${foreignFiles.join(' and ')} already: they hold for the cluster too${only}`,
    );
  }
  return warnings;
}

function reservationWarnings(settings: BridgeSettings, facts: BridgeFacts): string[] {
  const text = facts.files['/var/lib/piburn/bridge/dhcp-hosts']?.text ?? '';
  const net = netOf(settings.ip, settings.prefixLength);
  const addresses = text.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [];
  const outside = addresses.filter((address) => {
    const one = netOfRoute(address);
    return one === undefined || !overlap(net, one);
  });
  if (outside.length === 0) return [];
  const what = outside.length === 1 ? `the reservation of ${outside[0]} lies` : `${outside.length} reservations lie`;
  return [`${what} outside the bridge's network and will not be given out`];
}
