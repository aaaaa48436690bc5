// Our table for nftables (nft(8)). A base chain can drop what others accept, and cannot accept what others drop: every
// table has its say.

import { netText } from './net.js';
import { ownText } from './paths.js';
import type { BridgeSettings } from './types.js';

/** Loading it again replaces our table at once and touches no other; undefined without an uplink. */
export function nftRules(settings: BridgeSettings): string | undefined {
  const { private: side, uplink, ip, prefixLength, ipv6 } = settings;
  if (uplink === undefined) return undefined;
  return ownText([
    '# NAT and forwarding for the cluster; this table only.',
    'table inet piburn',
    'delete table inet piburn',
    'table inet piburn {',
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifname "${side}" oifname "${uplink}" accept`,
    `    iifname "${uplink}" oifname "${side}" ct state established,related accept`,
    `    iifname "${uplink}" oifname "${side}" drop`,
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${netText(ip, prefixLength)} oifname "${uplink}" masquerade`,
    ...(ipv6?.mode === 'nat' ? [`    ip6 saddr ${ipv6.prefix}/64 oifname "${uplink}" masquerade`] : []),
    '  }',
    '}',
  ]);
}

/** Input for `nft -f -`: works whether the table is there or not. */
export const removeTable = 'table inet piburn\ndelete table inet piburn\n';
