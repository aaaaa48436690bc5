// Wishes for reservations → the reservations that there shall be, or the one reason why not. Pure: nothing is written, and
// several wishes are granted together or not at all.

import { checkDistinct, checkHostname, parseHostAddress } from '../../address.js';
import { type PiburnError, usageError } from '../../errors.js';
import { given } from '../../given.js';
import { ipv4Number, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings, DhcpLease, MovingHost, Reservation } from '../../protocol.js';
import { byAddress, isMac, isSameName, maxReservations } from './reservations.js';

/** What is known before. */
export interface Ground {
  readonly settings: BridgeSettings;
  /** The manager's own name, without domain. */
  readonly hostname: string;
  readonly reservations: readonly Reservation[];
  readonly leases: readonly DhcpLease[];
}

export interface ReservePlan {
  /** All that there shall be. */
  readonly reservations: readonly Reservation[];
  /** Those of the wishes that are new or different. */
  readonly changed: readonly Reservation[];
  /** Hosts that have another address now, and keep it until they renew their lease. */
  readonly moving: readonly MovingHost[];
}

/**
 * A wish without MAC keeps the one that the host's reservation has.
 * @throws PiburnError (usage) `HOSTNAME`, `ADDRESS`, `MAC`, `DUPLICATE`, `RESERVATION_CONFLICT`, `TOO_MANY`.
 */
export function planReservations(wishes: readonly Reservation[], ground: Ground): ReservePlan {
  checkWishes(wishes, ground);
  const { reservations, leases } = ground;
  const own = (wish: Reservation) => reservations.find(({ name }) => isSameName(name, wish.name));
  const settled = wishes.map((wish) => {
    const mac = wish.mac?.toLowerCase() ?? own(wish)?.mac;
    return { name: wish.name, address: wish.address, ...given({ mac }) };
  });
  const kept = reservations.filter(({ name }) => !settled.some((wish) => isSameName(wish.name, name)));
  for (const wish of settled) refuseConflict(wish, kept, ground);
  const all = [...kept, ...settled];
  if (all.length > maxReservations) {
    throw usageError('TOO_MANY', `${all.length} reservations are more than ${maxReservations}`, {
      hint: 'remove those that are not needed: `piburn bridge set HOSTS --remove`',
    });
  }
  return {
    reservations: all,
    changed: settled.filter((wish) => !isEqual(wish, own(wish))),
    moving: settled.flatMap((wish) => movingOf(wish, leases)),
  };
}

const isEqual = (one: Reservation, other: Reservation | undefined): boolean =>
  one.name === other?.name && one.address === other.address && one.mac === other.mac;

function checkWishes(wishes: readonly Reservation[], { settings, hostname }: Ground): void {
  for (const { name, address, mac } of wishes) {
    checkHostname(name, 'HOSTS');
    parseHostAddress(address, 'ADDRESSES');
    if (mac !== undefined) checkMac(mac);
    refuseAddress(name, address, settings);
    if (isSameName(name, hostname)) {
      throw conflict(`${name} is the name of this machine, which has ${settings.ip}`, 'give the host another name');
    }
  }
  const names = wishes.map(({ name }) => name);
  checkDistinct(names, 'host name', 'HOSTS');
  const addresses = wishes.map(({ address }) => address);
  checkDistinct(addresses, 'address', 'ADDRESSES');
  refuseTwice(wishes);
}

function checkMac(mac: string): void {
  // The lowest bit of the first byte marks groups (IEEE 802).
  if (isMac(mac) && Number.parseInt(mac.slice(0, 2), 16) % 2 === 0 && !/^[0:]+$/.test(mac)) return;
  throw usageError('MAC', `--mac: '${mac}' is no MAC address of a machine`, {
    hint: 'write it as dc:a6:32:e8:01:a3; `piburn bridge list` shows those of hosts with a lease',
  });
}

function refuseAddress(name: string, address: string, { ip, prefixLength }: BridgeSettings): void {
  const net = netOfChecked(ip, prefixLength);
  const value = ipv4Number(address) ?? 0;
  const hint = `choose one of the bridge's network ${netText(net)}`;
  if (value < net.first || value > net.last) {
    throw conflict(`${address} (for ${name}) is outside the bridge's network ${netText(net)}`, hint);
  }
  if (address === ip) throw conflict(`${address} (for ${name}) is the address of this machine, the manager`, hint);
  if (value === net.first) throw conflict(`${address} (for ${name}) is the name of the network, not of a host`, hint);
  if (value === net.last) throw conflict(`${address} (for ${name}) is the broadcast address of the network`, hint);
}

function refuseTwice(wishes: readonly Reservation[]): void {
  const seen = new Map<string, string>();
  for (const { name, mac } of wishes) {
    const before = mac === undefined ? undefined : seen.get(mac.toLowerCase());
    if (before !== undefined) {
      throw usageError('DUPLICATE', `--mac: ${mac} is given to both ${before} and ${name}`, {
        hint: 'give every host its own MAC address',
      });
    }
    if (mac !== undefined) seen.set(mac.toLowerCase(), name);
  }
}

function refuseConflict(wish: Reservation, kept: readonly Reservation[], { leases }: Ground): void {
  const { name, address, mac } = wish;
  const holder = kept.find((other) => other.address === address);
  if (holder !== undefined) {
    throw conflict(
      `${address} (for ${name}) is reserved for ${holder.name}`,
      `choose another address, or free it: \`piburn bridge set ${holder.name} --remove\``,
    );
  }
  const twin = kept.find((other) => mac !== undefined && other.mac === mac);
  if (twin !== undefined) {
    throw conflict(
      `${mac} (for ${name}) is the MAC address of ${twin.name}, which has ${twin.address} reserved`,
      `free it: \`piburn bridge set ${twin.name} --remove\``,
    );
  }
  const lease = leases.find((other) => other.address === address);
  if (lease === undefined || isOf(wish, lease)) return;
  throw conflict(
    `${address} (for ${name}) is leased to ${lease.name ?? 'a host without a name'} (${lease.mac})${untilText(lease)}`,
    mac === undefined && lease.name === undefined
      ? `if that is ${name}, say --mac=${lease.mac}; else choose another address`
      : 'choose another address, or have that host give its lease back (`dhclient -r`, or turn it off until the lease ends)',
  );
}

/** Whether a lease belongs to the host that a reservation is for. */
export function isOf({ name, mac }: Reservation, lease: DhcpLease): boolean {
  if (mac !== undefined) return lease.mac === mac;
  return lease.name !== undefined && isSameName(lease.name, name);
}

/**
 * The names of the reservations for DNS, in the form of hosts(5): hosts that never ask for an address have one as well. A
 * host that still has another address is left out: until it moves, its lease says where it is.
 */
export const namesText = (reservations: readonly Reservation[], leases: readonly DhcpLease[]): string =>
  byAddress(reservations)
    .filter((reservation) => movingOf(reservation, leases).length === 0)
    .map(({ name, address }) => `${address}\t${name}\n`)
    .join('');

/** ` until 2026-01-31 12:00 UTC` */
export const untilText = ({ untilMs }: DhcpLease): string =>
  untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const movingOf = (wish: Reservation, leases: readonly DhcpLease[]): MovingHost[] =>
  leases.flatMap((lease) =>
    isOf(wish, lease) && lease.address !== wish.address ? [{ name: wish.name, address: wish.address, lease }] : [],
  );

const conflict = (message: string, hint: string): PiburnError => usageError('RESERVATION_CONFLICT', message, { hint });

/** Without these hosts; `removed`: those that there were. @throws PiburnError (usage) `HOSTNAME`. */
export function planRemoval(
  names: readonly string[],
  reservations: readonly Reservation[],
): { readonly reservations: readonly Reservation[]; readonly removed: readonly Reservation[] } {
  for (const name of names) checkHostname(name, 'HOSTS');
  const isNamed = ({ name }: Reservation) => names.some((each) => isSameName(each, name));
  return {
    reservations: reservations.filter((each) => !isNamed(each)),
    removed: reservations.filter(isNamed),
  };
}
