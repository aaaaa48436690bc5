// Arithmetic on IPv4 networks: addresses as numbers, a network's range, and the addresses in it that hosts can have.

/** A network; `first` is its own name (all host bits zero), as a number. */
export interface Ipv4Net {
  readonly first: number;
  /** 0 to 32. */
  readonly prefixLength: number;
}

/** Dotted decimal as a number; undefined for anything else. Leading zeros are refused: some programs read them as octal. */
export function toNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** A number from 0 to 2^32 - 1 as dotted decimal. */
export const toText = (value: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');

/** The network with that prefix length (0 to 32) that an address lies in; undefined when either is none. */
export function netOf(address: string, prefixLength: number): Ipv4Net | undefined {
  const value = toNumber(address);
  if (value === undefined || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) return undefined;
  return { first: value - (value % 2 ** (32 - prefixLength)), prefixLength };
}

/** Addresses in it, with its name and its broadcast address. */
export const netSize = ({ prefixLength }: Ipv4Net): number => 2 ** (32 - prefixLength);

export function contains(net: Ipv4Net, address: string): boolean {
  const value = toNumber(address);
  return value !== undefined && value >= net.first && value < net.first + netSize(net);
}

/** How many addresses hosts can have: all but the first and the last, except in a /31 (RFC 3021) and a /32. */
export const hostCount = (net: Ipv4Net): number => (net.prefixLength >= 31 ? netSize(net) : netSize(net) - 2);

/** These addresses, ascending. The caller looks at `hostCount` first: a /8 has 16 million. */
export function hostsOf(net: Ipv4Net): string[] {
  const first = net.prefixLength >= 31 ? net.first : net.first + 1;
  return Array.from({ length: hostCount(net) }, (_, index) => toText(first + index));
}

/** `10.1.1.0/25`. */
export const netText = (net: Ipv4Net): string => `${toText(net.first)}/${net.prefixLength}`;

/** The shortest prefix length whose network has at most `max` addresses for hosts. */
export function prefixLengthFor(max: number): number {
  for (let prefixLength = 0; prefixLength < 32; prefixLength += 1) {
    if (hostCount({ first: 0, prefixLength }) <= max) return prefixLength;
  }
  return 32;
}

/** For sorting addresses by number; what is no address comes last. */
export const compareAddresses = (a: string, b: string): number => (toNumber(a) ?? 2 ** 32) - (toNumber(b) ?? 2 ** 32);
