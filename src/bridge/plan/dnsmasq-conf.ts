// Our file for dnsmasq (dnsmasq(8), written for 2.80 and newer). What it says of DHCP is tagged, so that ranges of other
// files keep their own options. Reservations are in files of their own: changing one needs SIGHUP only.

import { ipv4Number, netmask, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import type { DnsmasqHome } from './dnsmasq-home.js';
import { ownText, paths } from './paths.js';
import { isOurs } from './ports.js';
import type { BridgeFacts } from './types.js';

const leaseTime = '12h';
/** dnsmasq's own limit is 1000 leases; a wider range raises it, up to this. */
const maxLeases = 20_000;

export function dnsmasqConf(settings: BridgeSettings, facts: BridgeFacts, home: DnsmasqHome): string {
  const { private: side, ip, prefixLength, rangeFirst, rangeLast, domain } = settings;
  const leases = (ipv4Number(rangeLast) ?? 0) - (ipv4Number(rangeFirst) ?? 0) + 1;
  return ownText([
    `# DHCP and DNS for the cluster on ${side}.`,
    `interface=${side}`,
    ...(servesThisMachine(settings, facts, home) ? [] : ['except-interface=lo']),
    // Two ways of binding exclude each other; bind-dynamic also waits for an interface that comes later.
    ...(home === 'unit' || facts.dnsmasq.bindMode === undefined ? ['bind-dynamic'] : []),
    `dhcp-range=set:piburn,${rangeFirst},${rangeLast},${netmask(prefixLength)},${leaseTime}`,
    // Without a value none is told of; left out, it would be this machine.
    `dhcp-option=tag:piburn,option:router${settings.uplink === undefined ? '' : `,${ip}`}`,
    `dhcp-option=tag:piburn,option:dns-server,${ip}`,
    'dhcp-authoritative',
    `dhcp-leasefile=${paths.leases}`,
    ...(leases > 1000 ? [`dhcp-lease-max=${Math.min(leases, maxLeases)}`] : []),
    `dhcp-hostsfile=${paths.dhcpHosts}`,
    `addn-hosts=${paths.hosts}`,
    // /etc/hosts of a Debian has this machine at 127.0.1.1, which is wrong for everybody else.
    'no-hosts',
    hostRecord(settings, facts),
    `domain=${domain},${netText(netOfChecked(ip, prefixLength))}`,
    `local=/${domain}/`,
    'expand-hosts',
    'domain-needed',
    'bogus-priv',
    ...forwarding(settings, facts),
    ...ipv6Lines(settings, facts),
  ]);
}

/**
 * Left to itself dnsmasq answers on 127.0.0.1 as well. It shall where this machine asks there, or will: resolvconf has it
 * ask the distribution's. Elsewhere, or where somebody else answers there, this machine's names are no business of ours.
 */
function servesThisMachine({ dns }: BridgeSettings, facts: BridgeFacts, home: DnsmasqHome): boolean {
  if (home === 'unit') return false;
  const isTaken = facts.listeners.some(
    (each) => each.port === 53 && each.address === '127.0.0.1' && !isOurs(each, facts),
  );
  const isAnothers = dns.some((server) => server.startsWith('127.') || server === '::1');
  const isAsked = facts.resolvers.servers.includes('127.0.0.1') || facts.programs['resolvconf'] !== undefined;
  return !isTaken && !isAnothers && isAsked;
}

function hostRecord({ ip, domain, ipv6 }: BridgeSettings, { hostname }: BridgeFacts): string {
  const [name = 'manager'] = hostname.split('.');
  return [
    'host-record=',
    [name, `${name}.${domain}`, ip, ...(ipv6 === undefined ? [] : [ipv6.address])].join(','),
  ].join('');
}

function forwarding({ dns }: BridgeSettings, { resolvers }: BridgeFacts): string[] {
  if (dns.length > 0) return ['no-resolv', ...dns.map((server) => `server=${server}`)];
  return resolvers.file === '/etc/resolv.conf' ? [] : [`resolv-file=${resolvers.file}`];
}

function ipv6Lines({ private: side, uplink, ipv6, domain }: BridgeSettings, facts: BridgeFacts): string[] {
  if (ipv6 === undefined) return [];
  return [
    'enable-ra',
    // Lifetime 0: no default router where there is no IPv6 to be had, or clients would try in vain.
    ...(facts.hasIpv6DefaultRoute && uplink !== undefined ? [] : [`ra-param=${side},60,0`]),
    `dhcp-range=set:piburn,::,constructor:${side},ra-stateless,ra-names,64,${leaseTime}`,
    `dhcp-option=tag:piburn,option6:dns-server,[${ipv6.address}]`,
    `domain=${domain},${ipv6.prefix}/64`,
  ];
}
