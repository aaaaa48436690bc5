// Reservations: which host always gets which address. Their file has the form of dnsmasq's --dhcp-hostsfile,
// `[MAC,]NAME,ADDRESS` on a line (dnsmasq(8), --dhcp-host). Names are compared as names are, without regard to case, and
// whole: red00 is not red002.

import { given } from '../../given.js';
import { compareAddresses, ipv4Number } from '../../ipv4-net.js';
import type { Reservation } from '../../protocol.js';

/** The file, read: what is not of our form was written by a person and stays as it is. */
export interface ReservationFile {
  readonly reservations: readonly Reservation[];
  readonly others: readonly string[];
}

export const maxReservations = 4096;

export function parseReservations(text: string): ReservationFile {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const read = lines.map((line) => ({ line, reservation: toReservation(line) }));
  return {
    reservations: read.flatMap(({ reservation }) => (reservation === undefined ? [] : [reservation])),
    others: read.flatMap(({ line, reservation }) => (reservation === undefined ? [line] : [])),
  };
}

function toReservation(line: string): Reservation | undefined {
  const words = line.trim().split(',');
  const [address = '', name = '', mac] = words.toReversed();
  const isOurs = words.length <= 3 && ipv4Number(address) !== undefined && /^[A-Za-z0-9-]{1,63}$/.test(name);
  if (!isOurs || (mac !== undefined && !isMac(mac))) return undefined;
  return { name, address, ...given({ mac: mac?.toLowerCase() }) };
}

export const isMac = (word: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(word);

export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** The file's text, sorted by address. */
export const reservationText = ({ reservations, others }: ReservationFile): string =>
  [
    ...others,
    ...byAddress(reservations).map(({ name, address, mac }) => [...(mac ? [mac] : []), name, address].join(',')),
  ]
    .map((line) => `${line}\n`)
    .join('');

export const byAddress = <T extends { readonly address: string }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => compareAddresses(a.address, b.address));
