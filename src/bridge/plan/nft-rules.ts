// Our table for nftables (nft(8)). A base chain can drop what others accept, and cannot accept what others drop: every
// table has its say. So ours drops whatever the bridge does not need on its own two interfaces, and what would be forwarded
// elsewhere only because the bridge needs a machine that forwards.

import { netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import { ownText, paths } from './paths.js';
import type { BridgeFacts } from './types.js';

/** Loading it again replaces our table at once and touches no other; undefined without an uplink. */
export function nftRules(settings: BridgeSettings, facts: RuleFacts): string | undefined {
  const { private: side, uplink, ip, prefixLength, ipv6 } = settings;
  if (uplink === undefined) return undefined;
  const net = netText(netOfChecked(ip, prefixLength));
  return ownText([
    '# NAT and forwarding for the cluster; this table only.',
    'table inet piburn',
    'delete table inet piburn',
    'table inet piburn {',
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    // Where the cluster side is a bridge of the kernel, what passes between its ports may come by here (br_netfilter).
    `    iifname "${side}" oifname "${side}" accept`,
    `    iifname "${side}" oifname "${uplink}" ip saddr ${net} accept`,
    ...(ipv6 === undefined ? [] : [`    iifname "${side}" oifname "${uplink}" ip6 saddr ${ipv6.prefix}/64 accept`]),
    `    iifname "${side}" drop`,
    `    oifname "${side}" ct state established,related accept`,
    `    oifname "${side}" drop`,
    ...(keepsClosed('ipv4', facts) ? [closed('ipv4')] : []),
    ...(ipv6 !== undefined && keepsClosed('ipv6', facts) ? [closed('ipv6')] : []),
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${net} oifname "${uplink}" masquerade`,
    ...(ipv6?.mode === 'nat' ? [`    ip6 saddr ${ipv6.prefix}/64 oifname "${uplink}" masquerade`] : []),
    '  }',
    '}',
  ]);
}

type RuleFacts = Pick<BridgeFacts, 'sysctl' | 'state' | 'files' | 'hasForeignForward'>;
type Family = 'ipv4' | 'ipv6';

const closed = (family: Family): string => `    meta nfproto ${family} drop`;

const switches: Readonly<Record<Family, string>> = {
  ipv4: 'net/ipv4/ip_forward',
  ipv6: 'net/ipv6/conf/all/forwarding',
};

/**
 * Whether this machine forwarded nothing before the bridge, and nobody else has rules for what it forwards: then it goes on
 * forwarding nothing between its other interfaces. Once there is a bridge, the state knows what was before; without a state
 * our own rules do.
 */
function keepsClosed(family: Family, { sysctl, state, files, hasForeignForward }: RuleFacts): boolean {
  if (hasForeignForward) return false;
  const key = switches[family];
  const entry = state?.entries.find(({ step }) => step.kind === 'sysctl' && step.key === key);
  if (entry?.value !== undefined) return entry.value !== '1';
  return sysctl[key] !== '1' || closesOthers(files[paths.nft]?.text ?? '', family);
}

/** Whether rules of ours do so. */
export const closesOthers = (rules: string, family: Family = 'ipv4'): boolean =>
  rules.split('\n').includes(closed(family));

/** Input for `nft -f -`: works whether the table is there or not. */
export const removeTable = 'table inet piburn\ndelete table inet piburn\n';
