// From the words of one interface, in whichever file they stand, to the part of a node.

import { given } from '../../given.js';
import type { Ipv4Address, Node } from '../../protocol.js';

export interface AddressParts {
  /** The interface; undefined where a file does not say. */
  readonly name?: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
  readonly search: readonly string[];
}

export type Addressing = Pick<Node, 'interface' | 'ipv4' | 'gateway' | 'ipv6' | 'gateway6' | 'dns' | 'search'>;

/** `eth0` is what a node without an interface has. Of several addresses of one family the first counts. */
export function addressing(parts: AddressParts | undefined): Addressing {
  if (parts === undefined) return { dns: [] };
  const { name, addresses, gateways, dns, search } = parts;
  const ofFamily = (list: readonly string[], isIpv6: boolean) => list.find((text) => text.includes(':') === isIpv6);
  return {
    dns,
    ...given({
      interface: name === 'eth0' ? undefined : name,
      ipv4: withPrefix(ofFamily(addresses, false), 24),
      gateway: ofFamily(gateways, false),
      ipv6: withPrefix(ofFamily(addresses, true), 64),
      gateway6: ofFamily(gateways, true),
      search: search.length === 0 ? undefined : search,
    }),
  };
}

function withPrefix(text: string | undefined, defaultLength: number): Ipv4Address | undefined {
  const [address = '', prefix] = text?.split('/') ?? [];
  const prefixLength = prefix === undefined ? defaultLength : Number(prefix);
  return address === '' || !Number.isInteger(prefixLength) ? undefined : { address, prefixLength };
}
