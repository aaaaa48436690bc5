// Which addresses were lent to whom, and since when: a line for each change, kept in a file of ours that no restart touches.
// It is fed by looking at dnsmasq's leases whenever root uses the bridge. A script called by dnsmasq would see every lease
// at once, but would be one more program that runs as root on what strangers on the wire say; and a lease lasts for hours.

import { given } from '../../given.js';
import type { DhcpLease, PastLease } from '../../protocol.js';

/** The file is kept below this many lines and bytes: the oldest go. */
export const maxHistory = 5000;
export const maxHistoryBytes = 512 * 1024;

/** The history with what these leases add to it, oldest first. The same array when they add nothing. Pure. */
export function extendHistory(
  history: readonly PastLease[],
  leases: readonly DhcpLease[],
  leaseMs: number,
  nowMs: number,
): readonly PastLease[] {
  const past = grouped(history);
  const added = [...grouped(leases)].flatMap(([client, now]) => {
    // One that has several addresses now has as many lines, in whatever order.
    const known = (past.get(client) ?? []).slice(-now.length);
    return now.filter((lease) => !known.some((each) => isSame(lease, each)));
  });
  if (added.length === 0) return history;
  const lines = added.map(
    ({ mac, address, name, clientId, untilMs }): PastLease => ({
      sinceMs: untilMs === undefined ? nowMs : Math.min(nowMs, untilMs - leaseMs),
      mac,
      address,
      ...given({ name, clientId }),
    }),
  );
  return [...history, ...lines.toSorted((a, b) => a.sinceMs - b.sinceMs)].slice(-maxHistory);
}

/** By client: a machine with two systems may have two client ids, and two leases at a time. */
function grouped<Lease extends { readonly mac: string; readonly clientId?: string }>(
  leases: readonly Lease[],
): Map<string, Lease[]> {
  const groups = new Map<string, Lease[]>();
  for (const lease of leases) {
    const client = `${lease.mac} ${lease.clientId ?? '*'}`;
    const group = groups.get(client);
    if (group === undefined) groups.set(client, [lease]);
    else group.push(lease);
  }
  return groups;
}

const isSame = (lease: DhcpLease, past: PastLease): boolean =>
  lease.address === past.address && lease.name === past.name;

/** `SECONDS MAC ADDRESS NAME CLIENT-ID` on a line, `*` for what is unknown: dnsmasq's own words for a lease. */
export const historyText = (history: readonly PastLease[]): string =>
  endOf(
    history
      .map(({ sinceMs, mac, address, name = '*', clientId = '*' }) =>
        [Math.floor(sinceMs / 1000), mac, address, name, clientId].join(' '),
      )
      .map((line) => `${line}\n`)
      .join(''),
    maxHistoryBytes,
  );

/** The last whole lines of a text, one character a byte. */
export function endOf(text: string, maxBytes: number): string {
  if (text.length <= maxBytes) return text;
  const end = text.slice(-maxBytes - 1);
  return end.slice(end.indexOf('\n') + 1);
}

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
