// Which addresses were lent to whom, and since when: a line for each change, kept in a file of ours that no restart touches.
// It is fed by looking at dnsmasq's leases whenever root uses the bridge. A script called by dnsmasq would see every lease
// at once, but would be one more program that runs as root on what strangers on the wire say; and a lease lasts for hours.

import { given } from '../../given.js';
import type { DhcpLease } from './leases.js';

export interface PastLease {
  /** When the lease was given or last renewed, as of the first look at it. */
  readonly sinceMs: number;
  readonly mac: string;
  readonly address: string;
  readonly name?: string;
  readonly clientId?: string;
}

/** The file is kept below this many lines: the oldest go. */
export const maxHistory = 5000;

/** The history with what these leases add to it, oldest first. The same array when they add nothing. Pure. */
export function extendHistory(
  history: readonly PastLease[],
  leases: readonly DhcpLease[],
  leaseMs: number,
  nowMs: number,
): readonly PastLease[] {
  const latest = new Map(history.map((past) => [past.mac, past]));
  const added = leases
    .filter((lease) => !isSame(lease, latest.get(lease.mac)))
    .map(
      ({ mac, address, name, clientId, untilMs }): PastLease => ({
        sinceMs: untilMs === undefined ? nowMs : Math.min(nowMs, untilMs - leaseMs),
        mac,
        address,
        ...given({ name, clientId }),
      }),
    );
  if (added.length === 0) return history;
  return [...history, ...added.toSorted((a, b) => a.sinceMs - b.sinceMs)].slice(-maxHistory);
}

const isSame = (lease: DhcpLease, past: PastLease | undefined): boolean =>
  lease.address === past?.address && lease.name === past.name && lease.clientId === past.clientId;

/** `SECONDS MAC ADDRESS NAME CLIENT-ID` on a line, `*` for what is unknown: dnsmasq's own words for a lease. */
export const historyText = (history: readonly PastLease[]): string =>
  history
    .map(({ sinceMs, mac, address, name = '*', clientId = '*' }) =>
      [Math.floor(sinceMs / 1000), mac, address, name, clientId].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('');

/** What is not of our form is left out. */
export function parseHistory(text: string): PastLease[] {
  const lines = text.split('\n').slice(-maxHistory - 1);
  return lines.flatMap((line): PastLease[] => {
    const [seconds = '', mac = '', address = '', name = '*', clientId = '*', ...more] = line.split(' ');
    if (!/^\d{1,12}$/.test(seconds) || address === '' || more.length > 0) return [];
    const known = (word: string) => (word === '*' ? undefined : word);
    return [
      {
        sinceMs: Number(seconds) * 1000,
        mac,
        address,
        ...given({ name: known(name), clientId: known(clientId) }),
      },
    ];
  });
}
