// The addresses that dnsmasq has lent, as its lease file says: `EXPIRY MAC ADDRESS NAME CLIENT-ID` on a line, EXPIRY in
// seconds since 1970 or 0 for ever, `*` for what is unknown (lease.c of dnsmasq 2.90). IPv6 follows behind a line `duid …`.

import { given } from '../../given.js';
import { ipv4Number } from '../../ipv4-net.js';
import type { DhcpLease } from '../../protocol.js';

const maxLeases = 100_000;

/** The leases that are not over at `nowMs`, IPv4 only. What is no lease is left out. */
export function parseLeases(text: string, nowMs: number): DhcpLease[] {
  const [ipv4 = ''] = text.split(/^duid /m);
  const leases = ipv4.split('\n', maxLeases).flatMap(toLease);
  return leases.filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs);
}

function toLease(line: string): DhcpLease[] {
  const [expiry = '', mac = '', address = '', name = '', clientId = '', ...more] = line.trim().split(/\s+/);
  if (clientId === '' || more.length > 0) return [];
  if (!/^\d{1,12}$/.test(expiry) || ipv4Number(address) === undefined || !isHardwareAddress(mac)) return [];
  const untilMs = Number(expiry) === 0 ? undefined : Number(expiry) * 1000;
  const known = (word: string) => (word === '*' ? undefined : word);
  return [
    {
      mac: mac.replace(/^.*-/, '').toLowerCase(),
      address,
      ...given({ untilMs, name: known(name), clientId: known(clientId) }),
    },
  ];
}

/** Another kind than Ethernet's stands before it with a hyphen. */
const isHardwareAddress = (word: string): boolean => /^([0-9a-f]{2}-)?[0-9a-f]{2}(:[0-9a-f]{2}){0,15}$/i.test(word);
