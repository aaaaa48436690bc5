// `bridge check NAMES`: whether a host has the address that is reserved for it.

import type { BridgePart, DhcpLease, Reservation } from '../../protocol.js';
import { down, unknown, up } from './part.js';
import type { Records } from './records.js';
import { isSameName } from './reservations.js';
import { isOf, untilText } from './reserve.js';

/** Pure. */
export function checkLease(name: string, { file, leases }: Pick<Records, 'file' | 'leases'>): BridgePart {
  const reservation = file.reservations.find((each) => isSameName(each.name, name));
  if (reservation === undefined) return unknown(name, 'nothing is reserved: it gets any address of the range');
  const { address, mac } = reservation;
  const reserved = `${address} is reserved${mac === undefined ? '' : ` for ${mac}`}`;
  const own = leases.filter((lease) => isOf(reservation, lease));
  if (own.some((lease) => lease.address === address)) return up(name, `${reserved}, and leased to it`);
  const [lease] = own;
  if (lease !== undefined) {
    const hint = `it gets ${address} at its next renewal: \`dhclient -r\` there, or a restart, has it ask at once`;
    return down(name, `${reserved}, but it has ${lease.address}${untilText(lease)}`, hint);
  }
  const other = leases.find((each) => isInTheWay(each, reservation));
  return other === undefined ? up(name, reserved) : besideOther(reserved, other, reservation);
}

const isInTheWay = (lease: DhcpLease, { name, address }: Reservation): boolean =>
  lease.address === address || (lease.name !== undefined && isSameName(lease.name, name));

function besideOther(reserved: string, other: DhcpLease, { name, address }: Reservation): BridgePart {
  const who = `${other.name ?? 'a host without a name'} (${other.mac})`;
  if (other.address === address) {
    return down(
      name,
      `${reserved}, but leased to ${who}${untilText(other)}`,
      'have that host give its lease back, or turn it off until the lease ends',
    );
  }
  return down(
    name,
    `${reserved}, but the host that calls itself so has ${other.mac}, and ${other.address}`,
    `if that is ${name}, say so: \`piburn bridge set ${name} ${address} --mac=${other.mac}\``,
  );
}
