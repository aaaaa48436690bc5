// The neighbours as they are listed: what was found, by whatever way, made one row for each address. Pure.

import { given } from '../given.js';
import { compareAddresses } from '../ipv4-net.js';
import type { Neighbour, OwnInterface } from '../protocol.js';
import { isRaspberryPi } from './mac-vendors.js';

/** What was found at an address. */
export interface Finding {
  readonly address: string;
  readonly status: 'up' | 'silent';
  readonly latencyMs?: number | undefined;
  readonly mac?: string | undefined;
  readonly vendor?: string | undefined;
  readonly name?: string | undefined;
}

/** The own addresses among those that were asked: they are up, whether or not they answer themselves. */
export function ownFindings(addresses: readonly string[], interfaces: readonly OwnInterface[]): Finding[] {
  const asked = new Set(addresses);
  return interfaces.flatMap(({ mac, addresses: own }) =>
    own.filter(({ address }) => asked.has(address)).map(({ address }) => ({ address, status: 'up' as const, mac })),
  );
}

/** One row for each address, ascending; the later findings of an address fill in what the earlier ones do not say. */
export function neighboursOf(
  findings: readonly Finding[],
  names: ReadonlyMap<string, string>,
  vendors: ReadonlyMap<string, string>,
  own: { readonly name: string; readonly addresses: ReadonlySet<string> },
): Neighbour[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    merged.set(finding.address, { ...finding, ...given(merged.get(finding.address) ?? {}) });
  }
  const rows = [...merged.values()].map((finding): Neighbour => {
    const { address, status, latencyMs, mac } = finding;
    const isSelf = own.addresses.has(address);
    const vendor = finding.vendor ?? (mac === undefined ? undefined : vendors.get(mac));
    const name = isSelf ? own.name : (names.get(address) ?? finding.name);
    const isPi = mac !== undefined && isRaspberryPi(mac, vendor);
    return { address, status, ...given({ name, latencyMs, mac, vendor }), isRaspberryPi: isPi, isSelf };
  });
  return rows.toSorted((a, b) => compareAddresses(a.address, b.address));
}
