// Addresses and host names as people type them: strict, because a Pi with a wrong one is a Pi without a network.

import { type PiburnError, usageError } from './errors.js';
import type { Ipv4Address } from './protocol.js';

const defaultPrefixLength = 24;

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
  const networkOf = (text: string) => Math.floor((toNumber(text) ?? Number.NaN) / 2 ** (32 - net.prefixLength));
  return networkOf(net.address) === networkOf(address);
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
  const value = toNumber(address);
  if (value === undefined) throw wrongAddress(text, option, 'is no IPv4 address: four numbers from 0 to 255 make one');
  const first = Math.floor(value / 2 ** 24);
  if (first === 0) throw wrongAddress(text, option, "begins with 0, which means 'this network'");
  if (first === 127) throw wrongAddress(text, option, 'is a loopback address, which no other host can reach');
  if (first >= 240) throw wrongAddress(text, option, 'is in the reserved range from 240.0.0.0 on');
  if (first >= 224) throw wrongAddress(text, option, 'is a multicast address, which names a group and no host');
  return value;
}

/** Decimal without leading zeros only: some programs read `010` as eight. */
function toNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

const wrongAddress = (text: string, option: string, problem: string): PiburnError =>
  usageError('ADDRESS', `${option}: '${text}' ${problem}.`, {
    hint: 'Write an address such as 10.1.1.2 or 10.1.1.2/24.',
  });
