// Arithmetic of IPv4 networks: addresses as numbers, networks as the first and last of them.

export interface Net {
  readonly first: number;
  readonly last: number;
}

/** Four decimal numbers without leading zeros; undefined for anything else. */
export function numberOf(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export const textOf = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** The network that an address is in. */
export function netOf(address: string, prefixLength: number): Net {
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor((numberOf(address) ?? 0) / size) * size;
  return { first, last: first + size - 1 };
}

export const overlap = (a: Net, b: Net): boolean => a.first <= b.last && b.first <= a.last;

/** `10.1.1.0/24` */
export const netText = (address: string, prefixLength: number): string =>
  `${textOf(netOf(address, prefixLength).first)}/${prefixLength}`;

/** `255.255.255.0` */
export const netmask = (prefixLength: number): string => textOf(2 ** 32 - 2 ** (32 - prefixLength));

/** The network of a route's destination: `10.1.1.0/24`, or an address alone; undefined for others. */
export function netOfRoute(destination: string): Net | undefined {
  const [address = '', length = '32'] = destination.split('/');
  return numberOf(address) === undefined ? undefined : netOf(address, Number(length));
}
