// `bridge check`: whether the cluster's packets get through the rules of nftables, ours and everybody else's.

import type { BridgePart } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import { closesOthers } from '../plan/nft-rules.js';
import { paths } from '../plan/paths.js';
import type { BridgeFacts } from '../plan/types.js';
import { type DroppingChain, needsListing, type RuleFindings, readRules } from './foreign-rules.js';
import type { BridgeHere } from './here.js';
import { down, unknown, up } from './part.js';
import { tablePart } from './status.js';

/** For a bridge with an uplink. */
export async function checkRules(
  here: BridgeHere,
  facts: BridgeFacts,
  { source, isRoot }: BridgeAccess,
): Promise<BridgePart[]> {
  const table = tablePart(facts, isRoot);
  if (table.state !== 'up') return [table];
  const text = (await source.output('nft', ['-j', 'list', 'ruleset'])) ?? '';
  const listing = needsListing(text) ? await source.output('nft', ['-a', 'list', 'ruleset']) : undefined;
  const rules = readRules(text, here, listing);
  if (rules === undefined) return [table, unknown('foreign rules', 'nft does not list them')];
  return [natPart(here, rules.masquerade), ...foreignParts(rules.dropping, here), ...closedPart(rules, facts)];
}

function natPart({ uplink, ipv4Net }: BridgeHere, masquerade: RuleFindings['masquerade']): BridgePart {
  if (masquerade === undefined) {
    return down('NAT', 'table inet piburn has no rule to masquerade', 'run `piburn bridge restart`');
  }
  const { packets } = masquerade;
  const counted = packets === undefined ? '' : `, ${packets} connections so far`;
  return up('NAT', `${ipv4Net} goes out of ${uplink} masqueraded${counted}`);
}

function foreignParts(dropping: readonly DroppingChain[], here: BridgeHere): BridgePart[] {
  if (dropping.length === 0) return [up('foreign rules', 'no other table drops what the bridge forwards')];
  return dropping.map((found) => {
    const { table, chain, how, way } = found;
    const what = { out: 'what the cluster sends', back: 'the answers to the cluster', both: 'what is forwarded' }[way];
    return down(
      'foreign rules',
      `table ${table} drops ${what} (chain ${chain}, ${how}), which our table cannot undo`,
      `let the cluster through there: ${wordsFor(found, here)
        .map((words) => `\`${words}\``)
        .join(' and ')}`,
    );
  });
}

function wordsFor({ table, chain, way, keeper }: DroppingChain, { private: side, uplink }: BridgeHere): string[] {
  const isBoth = way === 'both';
  if (keeper === 'ufw') return [`ufw route allow in on ${side} out on ${uplink}`];
  // A chain of iptables' own, which nft should not write into.
  if (keeper === 'docker' || (chain === 'FORWARD' && /^ip6? filter$/.test(table))) {
    const program = table.startsWith('ip6') ? 'ip6tables' : 'iptables';
    const insert = `${program} -I ${keeper === 'docker' ? 'DOCKER-USER' : chain}`;
    return [
      ...(isBoth || way === 'out' ? [`${insert} -i ${side} -o ${uplink} -j ACCEPT`] : []),
      ...(isBoth || way === 'back'
        ? [`${insert} -i ${uplink} -o ${side} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`]
        : []),
    ];
  }
  const insert = `nft insert rule ${table} ${chain}`;
  return [
    ...(isBoth || way === 'out' ? [`${insert} iifname ${side} oifname ${uplink} accept`] : []),
    ...(isBoth || way === 'back'
      ? [`${insert} iifname ${uplink} oifname ${side} ct state established,related accept`]
      : []),
  ];
}

/** What this machine did not forward before the bridge stays closed, until somebody else has rules for it. */
function closedPart({ others }: RuleFindings, { files, hasForeignForward }: BridgeFacts): BridgePart[] {
  if (!hasForeignForward || !closesOthers(files[paths.nft]?.text ?? '')) return [];
  const tables = others.map((table) => `table ${table}`).join(' and ');
  return [
    unknown(
      'other forwarding',
      `our table drops it, as this machine forwarded nothing before the bridge; ${tables} came later: \`piburn bridge create\` again leaves it to them`,
    ),
  ];
}
