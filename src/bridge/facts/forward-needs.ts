// Who else needs this machine to forward packets: firewalls of others that forward or translate (docker's, say), and files of
// sysctl.d(5). Looked at when the bridge goes.

import { paths } from '../plan/paths.js';
import type { ForwardNeeds } from '../plan/types.js';
import type { BridgeSource } from '../source.js';
import { foreignForwardChains, ownTable, parseRuleset, type Rule, recordOf } from '../use/nft-ruleset.js';

const families: Readonly<Record<string, ReadonlySet<string>>> = {
  'net/ipv4/ip_forward': new Set(['ip', 'inet']),
  'net/ipv6/conf/all/forwarding': new Set(['ip6', 'inet']),
};

export async function readForwardNeeds(source: BridgeSource): Promise<ForwardNeeds> {
  const tables = forwardingTables((await source.output('nft', ['-j', 'list', 'ruleset'])) ?? '');
  return Object.fromEntries(
    Object.entries(families).map(([key, wanted]) => [
      key,
      [
        ...tables.filter((table) => wanted.has(table.split(' ')[0] ?? '')).map((table) => `table ${table}`),
        ...filesThatSet(key, source),
      ],
    ]),
  );
}

/** Tables of others that translate addresses, or let through what is forwarded; chains that are empty or only drop need nothing. */
function forwardingTables(text: string): string[] {
  const ruleset = parseRuleset(text);
  if (ruleset === undefined) return [];
  const chains = foreignForwardChains(ruleset);
  const isForwarding = (rule: Rule) =>
    !rule.expressions.some((each) => 'drop' in each || 'reject' in each) &&
    chains.some(({ table, name }) => rule.table === table && rule.chain === name);
  const needing = ruleset.rules.filter((rule) => rule.table !== ownTable && (translates(rule) || isForwarding(rule)));
  return [...new Set(needing.map(({ table }) => table))];
}

/** Rules of iptables-nft that nft has no word for are `xt`. */
const translates = ({ expressions }: Rule): boolean =>
  expressions.some(
    (each) =>
      ['masquerade', 'snat', 'dnat'].some((word) => word in each) ||
      ['MASQUERADE', 'SNAT', 'DNAT'].includes(String(recordOf(each['xt'])['name'])),
  );

const folders = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d'];

function filesThatSet(key: string, source: BridgeSource): string[] {
  const files = folders.flatMap((folder) =>
    source
      .list(folder)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${folder}/${name}`),
  );
  return ['/etc/sysctl.conf', ...files].filter((path) => path !== paths.sysctl && sets(key, source.file(path)?.text));
}

/** `-net.ipv4.ip_forward = 1`, with dots or slashes. */
const sets = (key: string, text = ''): boolean =>
  text.split('\n').some((line) => {
    const [, name = '', value] = /^\s*-?([\w./-]+?)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    return value === '1' && name.replaceAll('.', '/') === key;
  });
