// From what a person typed to a bridge: what was left out comes from the bridge that is there, then from defaults that
// fit the machine.

import { parseAnyHostAddress, parseIpv4, parseIpv6 } from '../../address.js';
import { refusal, usageError } from '../../errors.js';
import { given } from '../../given.js';
import { type Ipv4Net, ipv4Number, ipv4Text, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings, Ipv6Settings } from '../../protocol.js';
import type { BridgeFacts, Wishes } from './types.js';

const defaultIp = '10.1.1.1';
const defaultPrefixLength = 24;
/** As many as the default range of cloudmesh's bridge: 10.1.1.2-10.1.1.122. */
const defaultRangeSize = 121;
const maxNameServers = 16;

/**
 * @throws PiburnError (usage) `ADDRESS`, `RANGE`, `PREFIX`, `DOMAIN`, `IPV6_MODE`; `NO_UPLINK` and `NO_PRIVATE` when
 * there is nothing to choose.
 */
export function settle(wishes: Wishes, facts: BridgeFacts): BridgeSettings {
  const before = facts.state?.settings;
  const uplink = uplinkOf(wishes, facts);
  const { ip, prefixLength } = addressOf(wishes, before);
  const [rangeFirst, rangeLast] = rangeOf(wishes, before, ip, prefixLength);
  return {
    private: wishes.private ?? before?.private ?? defaultPrivate(uplink, facts),
    ip,
    prefixLength,
    rangeFirst,
    rangeLast,
    dns: nameServers(wishes, before),
    domain: wishes.domain === undefined ? (before?.domain ?? 'cluster') : checkedDomain(wishes.domain),
    ...given({ uplink, ipv6: ipv6Of(wishes, before, facts) }),
  };
}

function uplinkOf(wishes: Wishes, facts: BridgeFacts): string | undefined {
  const before = facts.state?.settings;
  if (wishes.interface === 'none') return undefined;
  if (wishes.interface !== undefined) return wishes.interface;
  if (before !== undefined) return before.uplink;
  if (facts.defaultRoute !== undefined) return facts.defaultRoute;
  throw usageError('NO_UPLINK', 'this machine has no default route, so nothing says which interface is the uplink', {
    hint: 'name it, such as --interface=wlan0, or say --interface=none for a cluster without internet',
  });
}

function defaultPrivate(uplink: string | undefined, facts: BridgeFacts): string {
  const wired = facts.interfaces.filter((each) => !each.isLoopback && !each.isWireless && each.name !== uplink);
  const named = ['eth0', 'eth1'].find((name) => wired.some((each) => each.name === name));
  const choice = named ?? (wired.length === 1 ? wired[0]?.name : undefined);
  if (choice !== undefined) return choice;
  throw usageError('NO_PRIVATE', 'no interface can be taken for the cluster side without being told', {
    hint: `name it, such as --private=eth0; there are ${interfaceNames(facts)}`,
  });
}

export const interfaceNames = (facts: BridgeFacts): string =>
  facts.interfaces.flatMap((each) => (each.isLoopback ? [] : [each.name])).join(', ') || 'none';

function addressOf(wishes: Wishes, before: BridgeSettings | undefined): { ip: string; prefixLength: number } {
  const prefixWord = wishes.prefix?.replace(/^\//, '');
  if (prefixWord !== undefined && !/^([89]|[12][0-9]|30)$/.test(prefixWord)) {
    throw usageError('PREFIX', `--prefix: '${wishes.prefix}' is no prefix length from 8 to 30`, {
      hint: 'write --prefix=24 for 254 addresses',
    });
  }
  const [, typedPrefix] = wishes.ip?.split('/') ?? [];
  if (typedPrefix !== undefined && prefixWord !== undefined && typedPrefix !== prefixWord) {
    throw usageError('PREFIX', `--ip=${wishes.ip} and --prefix=${wishes.prefix} contradict each other`, {
      hint: 'say the prefix length once',
    });
  }
  const length = typedPrefix ?? prefixWord ?? String(before?.prefixLength ?? defaultPrefixLength);
  const plain = wishes.ip?.split('/')[0] ?? before?.ip ?? defaultIp;
  const { address, prefixLength } = parseIpv4(`${plain}/${length}`, '--ip');
  if (prefixLength >= 8) return { ip: address, prefixLength };
  throw usageError('PREFIX', `--ip: '${wishes.ip}' has a prefix length below 8`, { hint: 'write --ip=10.1.1.1/24' });
}

function rangeOf(
  wishes: Wishes,
  before: BridgeSettings | undefined,
  ip: string,
  prefixLength: number,
): readonly [string, string] {
  if (wishes.range !== undefined) return typedRange(wishes.range, ip, prefixLength);
  const isSame = before?.ip === ip && before.prefixLength === prefixLength;
  if (isSame) return [before.rangeFirst, before.rangeLast];
  return defaultRange(ip, netOfChecked(ip, prefixLength));
}

/** The addresses behind the manager's, or before it when there are more of them. */
function defaultRange(ip: string, net: Ipv4Net): readonly [string, string] {
  const own = ipv4Number(ip) ?? 0;
  const behind = [own + 1, Math.min(own + defaultRangeSize, net.last - 1)] as const;
  const ahead = [Math.max(net.first + 1, own - defaultRangeSize), own - 1] as const;
  const [first, last] = behind[1] - behind[0] >= ahead[1] - ahead[0] ? behind : ahead;
  return [ipv4Text(first), ipv4Text(last)];
}

function typedRange(text: string, ip: string, prefixLength: number): readonly [string, string] {
  const complain = (problem: string) =>
    usageError('RANGE', `--range: '${text}' ${problem}`, {
      hint: 'write the first and the last address: 10.1.1.2-10.1.1.122',
    });
  const [firstText = '', lastText = '', ...more] = text.split(/[-,]/);
  const [first, last, own] = [ipv4Number(firstText), ipv4Number(lastText), ipv4Number(ip)];
  if (first === undefined || last === undefined || own === undefined || more.length > 0) {
    throw complain('is no range of IPv4 addresses');
  }
  if (first > last) throw complain('runs backwards');
  const net = netOfChecked(ip, prefixLength);
  const netName = netText(net);
  if (first < net.first || last > net.last) throw complain(`leaves the bridge's network ${netName}`);
  if (first <= own && own <= last) throw complain(`holds the manager's own address ${ip}`);
  if (first === net.first) throw complain(`holds ${firstText}, the name of the network ${netName}`);
  if (last === net.last) throw complain(`holds ${lastText}, the broadcast address of ${netName}`);
  return [firstText, lastText];
}

function nameServers(wishes: Wishes, before: BridgeSettings | undefined): readonly string[] {
  const words = wishes.dns?.flatMap((word) => word.split(','));
  if (words === undefined) return before?.dns ?? [];
  if (words.length === 1 && words[0] === 'none') return [];
  if (words.length > maxNameServers) {
    throw usageError('DNS', `--dns: ${words.length} name servers are more than ${maxNameServers}`, {
      hint: 'two or three are enough',
    });
  }
  return [...new Set(words.map((word) => parseAnyHostAddress(word, '--dns')))];
}

/** RFC 1035 section 2.3.1 as RFC 1123 has it, in lower case; `.local` belongs to mDNS (RFC 6762). */
function checkedDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '');
  const complain = (problem: string) =>
    usageError('DOMAIN', `--domain: '${text}' ${problem}`, { hint: 'write a name such as cluster or pi.example.org' });
  const isLabel = (label: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label);
  if (domain.length > 200 || !domain.split('.').every(isLabel)) throw complain('is no domain name');
  if (domain === 'local' || domain.endsWith('.local')) throw complain('ends in .local, which belongs to mDNS');
  if (/^[0-9.]+$/.test(domain)) throw complain('has digits only and would be read as an address');
  return domain;
}

function ipv6Of(wishes: Wishes, before: BridgeSettings | undefined, facts: BridgeFacts): Ipv6Settings | undefined {
  if (wishes.ipv6 === false) return undefined;
  if (wishes.ipv6 === undefined) return before?.ipv6;
  const words = wishes.ipv6.split(',');
  const prefixes = words.filter((word) => word.includes(':'));
  const modes = words.filter((word) => !word.includes(':'));
  const [mode = 'nat'] = modes;
  if (prefixes.length > 1 || modes.length > 1 || (mode !== 'nat' && mode !== 'routed')) {
    throw usageError('IPV6_MODE', `--ipv6: '${wishes.ipv6}' is neither nat nor routed nor a prefix`, {
      hint: 'write --ipv6, --ipv6=routed, --ipv6=fd12:3456:789a::/64 or --ipv6=fd12:3456:789a::/64,routed',
    });
  }
  const prefix = prefixes[0] === undefined ? (before?.ipv6?.prefix ?? derivedPrefix(facts)) : typedPrefix6(prefixes[0]);
  return { prefix, address: `${prefix}1`, mode };
}

/** RFC 4193 section 3.1: fd, 40 bits of Global ID, subnet 0. */
function derivedPrefix({ ulaGlobalId: id }: BridgeFacts): string {
  return typedPrefix6(`fd${id.slice(0, 2)}:${id.slice(2, 6)}:${id.slice(6, 10)}::/64`);
}

function typedPrefix6(text: string): string {
  const [address = '', length = '64'] = text.split('/');
  const complain = (problem: string) =>
    usageError('IPV6_PREFIX', `--ipv6: '${text}' ${problem}`, { hint: 'write a prefix such as fd12:3456:789a::/64' });
  if (length !== '64') throw complain('is no /64, which router advertisements need');
  if (!address.endsWith('::')) throw complain("does not end in '::', as a prefix does");
  // The prefix's first host: `parseIpv6` judges it, and gives the one form of RFC 5952.
  const { address: host } = parseIpv6(`${address}1/64`, '--ipv6');
  if (!host.endsWith('::1') || host.split(':').length > 6) throw complain('has host bits');
  return host.slice(0, -1);
}

/** An address that is no network's, for those who ask before settling. */
export function refuseSame(uplink: string | undefined, side: string): void {
  if (uplink !== side) return;
  throw refusal('SAME_INTERFACE', `${side} cannot be both the uplink and the cluster side`, {
    hint: 'name two interfaces: --interface for the internet, --private for the cluster; a USB adapter makes a second one',
  });
}
