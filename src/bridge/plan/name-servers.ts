// Name servers that the bridge is to ask, and cannot: itself, and those that its own network hides.

import { usageError } from '../../errors.js';
import { ipv4Number, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import type { BridgeFacts } from './types.js';

/** @throws PiburnError (usage) `DNS`. */
export function refuseOwnNameServer({ dns, ip, ipv6 }: BridgeSettings): void {
  const own = dns.find((server) => server === ip || server === ipv6?.address);
  if (own === undefined) return;
  throw usageError('DNS', `--dns: ${own} is the bridge itself, which would ask itself for ever`, {
    hint: "name another server, or say --dns=none for this machine's own",
  });
}

export function nameServerWarnings(settings: BridgeSettings, { resolvers }: BridgeFacts): string[] {
  const { dns, uplink, ip, prefixLength } = settings;
  const { file } = resolvers;
  if (dns.length === 0 && uplink !== undefined && resolvers.servers.length === 0)
    return [`${file} names no name server: the cluster resolves no names of the internet; see --dns`];
  const net = netOfChecked(ip, prefixLength);
  const hidden = (dns.length > 0 ? dns : resolvers.servers).filter((server) => {
    const number = ipv4Number(server);
    return number !== undefined && net.first <= number && number <= net.last && server !== ip;
  });
  if (hidden.length === 0) return [];
  const [which, lies] = hidden.length === 1 ? ['name server', 'lies'] : ['name servers', 'lie'];
  const from = dns.length > 0 ? '' : ` of ${file}`;
  return [
    `the ${which} ${hidden.join(' and ')}${from} ${lies} in the bridge's network ${netText(net)}: asked on the cluster side only`,
  ];
}
