// Arithmetic on IPv4 networks: addresses as numbers, a network's range, and the addresses in it that hosts can have.

/** A network; `first` and `last` are its own name (all host bits zero) and its broadcast address, as numbers. */
export interface Ipv4Net {
  readonly first: number;
  readonly last: number;
  /** 0 to 32. */
  readonly prefixLength: number;
}

/** Dotted decimal as a number; undefined for anything else. Leading zeros are refused: some programs read them as octal. */
export function ipv4Number(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** A number from 0 to 2^32 - 1 as dotted decimal. */
export const ipv4Text = (value: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.');

/** The network with that prefix length (0 to 32) that an address lies in; undefined when either is none. */
export function netOf(address: string, prefixLength: number): Ipv4Net | undefined {
  const isLength = Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= 32;
  return isLength && ipv4Number(address) !== undefined ? netOfChecked(address, prefixLength) : undefined;
}

/** As `netOf`, for an address and a length that have been checked before; what is no address counts as 0.0.0.0. */
export function netOfChecked(address: string, prefixLength: number): Ipv4Net {
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor((ipv4Number(address) ?? 0) / size) * size;
  return { first, last: first + size - 1, prefixLength };
}

export function contains({ first, last }: Ipv4Net, address: string): boolean {
  const value = ipv4Number(address);
  return value !== undefined && value >= first && value <= last;
}

export const overlap = (a: Ipv4Net, b: Ipv4Net): boolean => a.first <= b.last && b.first <= a.last;

/** How many addresses hosts can have: all but the first and the last, except in a /31 (RFC 3021) and a /32. */
export const hostCount = ({ prefixLength }: Pick<Ipv4Net, 'prefixLength'>): number =>
  prefixLength >= 31 ? 2 ** (32 - prefixLength) : 2 ** (32 - prefixLength) - 2;

/** These addresses, ascending. The caller looks at `hostCount` first: a /8 has 16 million. */
export function hostsOf(net: Ipv4Net): string[] {
  const first = net.prefixLength >= 31 ? net.first : net.first + 1;
  return Array.from({ length: hostCount(net) }, (_, index) => ipv4Text(first + index));
}

/** `10.1.1.0/25`. */
export const netText = ({ first, prefixLength }: Ipv4Net): string => `${ipv4Text(first)}/${prefixLength}`;

/** `255.255.255.0` */
export const netmask = (prefixLength: number): string => ipv4Text(2 ** 32 - 2 ** (32 - prefixLength));

/** The shortest prefix length whose network has at most `max` addresses for hosts. */
export function prefixLengthFor(max: number): number {
  for (let prefixLength = 0; prefixLength < 32; prefixLength += 1) {
    if (hostCount({ prefixLength }) <= max) return prefixLength;
  }
  return 32;
}

/** For sorting addresses by number; what is no address comes last. */
export const compareAddresses = (a: string, b: string): number =>
  (ipv4Number(a) ?? 2 ** 32) - (ipv4Number(b) ?? 2 ** 32);
