// Addresses and host names as people type them: strict, because a Pi with a wrong one is a Pi without a network.

import { type PiburnError, usageError } from './errors.js';
import { contains, ipv4Number, netOf } from './ipv4-net.js';
import type { Ipv4Address, Ipv6Address } from './protocol.js';

const defaultPrefixLength = 24;
const defaultPrefixLength6 = 64;

/**
 * Reads `10.1.1.2` or `10.1.1.2/24` (prefix length 1 to 30, 24 when it is left out).
 * Throws a usage error `ADDRESS` when it is malformed or no address that a host may have in its network.
 */
export function parseIpv4(text: string, option: string): Ipv4Address {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0) throw wrongAddress(text, option, "has more than one '/'");
  const value = parseHostNumber(address, text, option);
  const prefixLength = prefix === undefined ? defaultPrefixLength : parsePrefixLength(prefix, text, option);
  const hostMask = 2 ** (32 - prefixLength) - 1;
  const host = value % (hostMask + 1);
  if (host === 0) throw wrongAddress(text, option, `is the name of its network /${prefixLength}, not of a host in it`);
  if (host === hostMask) throw wrongAddress(text, option, `is the broadcast address of its network /${prefixLength}`);
  return { address, prefixLength };
}

/** Reads the address of another host, such as a gateway or a name server: without a prefix. Errors as above. */
export function parseHostAddress(text: string, option: string): string {
  if (text.includes('/')) throw wrongAddress(text, option, "must be a plain address, without '/' and a prefix length");
  parseHostNumber(text, text, option);
  return text;
}

/** Whether an address (one that `parseHostAddress` took) lies in the network of another. */
export function sameNet(net: Ipv4Address, address: string): boolean {
  const own = netOf(net.address, net.prefixLength);
  return own !== undefined && contains(own, address);
}

/**
 * Reads `fd00::2` or `fd00::2/64` (RFC 4291; prefix length 1 to 128, 64 when it is left out). The address comes back in
 * the one form of RFC 5952. Throws a usage error `ADDRESS` when it is malformed or no address to give to a host.
 */
export function parseIpv6(text: string, option: string): Ipv6Address {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0) throw wrongAddress6(text, option, "has more than one '/'");
  const groups = parseHostGroups(address, text, option);
  if (isLinkLocal(groups))
    throw wrongAddress6(text, option, 'is a link-local address, which every interface has anyway');
  const prefixLength = prefix === undefined ? defaultPrefixLength6 : parsePrefixLength6(prefix, text, option);
  // RFC 4291 section 2.6.1; RFC 6164 takes /127 out.
  if (prefixLength < 127 && isZeroFrom(groups, prefixLength)) {
    throw wrongAddress6(text, option, `is the name of its network /${prefixLength}, not of a host in it`);
  }
  return { address: formatIpv6(groups), prefixLength };
}

/** Reads an IPv4 or IPv6 address without a prefix, such as that of a name server. Errors as above. */
export function parseAnyHostAddress(text: string, option: string): string {
  return text.includes(':') ? parseHostAddress6(text, option) : parseHostAddress(text, option);
}

/** Reads the IPv6 address of another host, such as a gateway, which may be link-local. Errors as above. */
export function parseHostAddress6(text: string, option: string): string {
  if (text.includes('/')) throw wrongAddress6(text, option, "must be a plain address, without '/' and a prefix length");
  return formatIpv6(parseHostGroups(text, text, option));
}

/** Whether a gateway (one that `parseHostAddress6` took) can be reached from an address: same network, or link-local. */
export function sameNet6(net: Ipv6Address, gateway: string): boolean {
  const [own, other] = [toGroups(net.address), toGroups(gateway)];
  if (own === undefined || other === undefined) return false;
  const differing = own.map((group, index) => group ^ (other[index] ?? 0));
  return isLinkLocal(other) || isZeroUpTo(differing, net.prefixLength);
}

/**
 * Checks one label of a host name as RFC 1123 section 2.1 has it: 1 to 63 letters, digits and hyphens.
 * Throws a usage error `HOSTNAME`.
 */
export function checkHostname(name: string, option: string): void {
  const problem = hostnameProblem(name);
  if (problem === undefined) return;
  throw usageError('HOSTNAME', `${option}: '${name}' is no host name: ${problem}.`, {
    hint: 'Use 1 to 63 letters, digits and hyphens, such as red001 or node-7.',
  });
}

/** Throws a usage error `DUPLICATE` when a value appears twice; host names differ in more than case. */
export function checkDistinct(
  values: readonly string[],
  what: 'host name' | 'address' | 'device',
  option: string,
): void {
  const seen = new Map<string, number>();
  for (const [index, value] of values.entries()) {
    const key = what === 'host name' ? value.toLowerCase() : value;
    const before = seen.get(key);
    if (before !== undefined) {
      const message = `${option}: the ${what} '${value}' is used twice, as number ${before + 1} and number ${index + 1}.`;
      throw usageError('DUPLICATE', message, { hint: `Give every card its own ${what}.` });
    }
    seen.set(key, index);
  }
}

function hostnameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > 63) return `it has ${name.length} characters, and 63 are allowed`;
  if (name.includes('.')) return 'it holds a dot, and only the first part of a full name belongs here';
  const odd = /[^A-Za-z0-9-]/u.exec(name)?.[0];
  if (odd !== undefined) return `'${odd}' is neither a letter (a-z) nor a digit nor a hyphen`;
  if (name.startsWith('-') || name.endsWith('-')) return 'it begins or ends with a hyphen';
  if (/^[0-9]+$/.test(name)) return 'it has digits only and would be read as an address';
  if (name.toLowerCase() === 'localhost') return 'every machine calls itself that';
  return undefined;
}

function parsePrefixLength(prefix: string, text: string, option: string): number {
  if (!/^(0|[1-9][0-9]?)$/.test(prefix) || Number(prefix) > 32) {
    throw wrongAddress(text, option, 'has a wrong prefix length: it is a number from 1 to 30');
  }
  const length = Number(prefix);
  if (length === 0) throw wrongAddress(text, option, 'has the prefix length 0, which means the whole internet');
  if (length > 30) throw wrongAddress(text, option, `is in a /${length} network, which has no room for two hosts`);
  return length;
}

/** The address as a number, if it is one that a host can have. `text` is what was typed. */
function parseHostNumber(address: string, text: string, option: string): number {
  const value = ipv4Number(address);
  if (value === undefined) throw wrongAddress(text, option, 'is no IPv4 address: four numbers from 0 to 255 make one');
  const first = Math.floor(value / 2 ** 24);
  if (first === 0) throw wrongAddress(text, option, "begins with 0, which means 'this network'");
  if (first === 127) throw wrongAddress(text, option, 'is a loopback address, which no other host can reach');
  if (first >= 240) throw wrongAddress(text, option, 'is in the reserved range from 240.0.0.0 on');
  if (first >= 224) throw wrongAddress(text, option, 'is a multicast address, which names a group and no host');
  return value;
}

const wrongAddress = (text: string, option: string, problem: string): PiburnError =>
  usageError('ADDRESS', `${option}: '${text}' ${problem}.`, {
    hint: 'Write an address such as 10.1.1.2 or 10.1.1.2/24.',
  });

function parsePrefixLength6(prefix: string, text: string, option: string): number {
  const length = /^[1-9][0-9]{0,2}$/.test(prefix) ? Number(prefix) : 0;
  if (length >= 1 && length <= 128) return length;
  throw wrongAddress6(text, option, 'has a wrong prefix length: it is a number from 1 to 128');
}

/** The eight groups of an address, if it is one that another host can reach. `text` is what was typed. */
function parseHostGroups(address: string, text: string, option: string): number[] {
  const groups = toGroups(address);
  if (groups === undefined) throw wrongAddress6(text, option, `is no IPv6 address${zoneRemark(address)}`);
  if (isZeroUpTo(groups, 127)) {
    throw wrongAddress6(text, option, groups[7] === 1 ? 'is the loopback address' : "means 'no address'");
  }
  const [first = 0] = groups;
  if (first >= 0xff00) throw wrongAddress6(text, option, 'is a multicast address, which names a group and no host');
  if (isZeroUpTo(groups, 80) && groups[5] === 0xffff) {
    throw wrongAddress6(text, option, 'is an IPv4 address in the clothes of an IPv6 one');
  }
  return groups;
}

const zoneRemark = (address: string): string =>
  address.includes('%') ? ': the part from % on names an interface of this machine' : '';

/** Hexadecimal groups, `::` once for at least one zero group, perhaps an IPv4 address at the end (RFC 4291 2.2). */
function toGroups(address: string): number[] | undefined {
  const [head = '', tail, ...more] = address.split('::');
  if (more.length > 0) return undefined;
  const before = groupsOf(head, tail === undefined);
  const after = tail === undefined ? [] : groupsOf(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const ipv4 = mayEndInIpv4 && parts.at(-1)?.includes('.') ? ipv4Number(parts.pop() ?? '') : null;
  if (ipv4 === undefined || !parts.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))) return undefined;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  return ipv4 === null ? groups : [...groups, Math.floor(ipv4 / 0x10000), ipv4 % 0x10000];
}

/** RFC 5952: lower case, no leading zeros, `::` for the longest run of at least two zero groups, the first of equals. */
function formatIpv6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = [...text.matchAll(/(?<=^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  return `${before}::${text.slice(longest.index + longest[0].length).replace(/^:/, '')}`;
}

const isLinkLocal = ([first = 0]: readonly number[]): boolean => (first & 0xffc0) === 0xfe80;

/** Whether so many leading bits of the eight groups are zero. */
const isZeroUpTo = (groups: readonly number[], bits: number): boolean => leadingZeros(groups) >= bits;

const leadingZeros = (groups: readonly number[]): number => {
  const index = groups.findIndex((group) => group !== 0);
  return index < 0 ? 128 : index * 16 + Math.clz32(groups[index] ?? 0) - 16;
};

/** Whether all bits from this one on are zero. */
const isZeroFrom = (groups: readonly number[], bit: number): boolean =>
  groups.every((group, index) => {
    const kept = Math.min(16, Math.max(0, bit - index * 16));
    return (group & (0xffff >> kept)) === 0;
  });

const wrongAddress6 = (text: string, option: string, problem: string): PiburnError =>
  usageError('ADDRESS', `${option}: '${text}' ${problem}.`, {
    hint: 'Write an address such as fd00::2 or fd00::2/64.',
  });
