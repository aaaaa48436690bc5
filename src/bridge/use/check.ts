// `bridge check`: whether the bridge does its work (`connection`), and whether its files are as they were written
// (`configuration`). The status asks what runs; this asks whether it is right.

import { HostAsker } from '../../network/ask-host.js';
import type { BridgeAccess } from '../bridge.js';
import { readFacts } from '../facts.js';
import { netText } from '../plan/net.js';
import type { BridgeFacts } from '../plan/types.js';
import { askBoth } from './ask-names.js';
import { checkFiles } from './check-files.js';
import { type DroppingChain, readRules } from './foreign-rules.js';
import type { BridgeHere } from './here.js';
import { down, type Part, unknown, up } from './part.js';
import { readRecords } from './records.js';
import { isSameName } from './reservations.js';
import { addressPart, forwardingPart, tablePart, uplinkParts } from './status.js';

export interface CheckWishes {
  readonly names: readonly string[];
  readonly configuration: boolean;
  readonly connection: boolean;
}

/** @throws PiburnError (usage) `NO_BRIDGE`. */
export async function checkBridge(wishes: CheckWishes, access: BridgeAccess): Promise<Part[]> {
  const records = await readRecords(access.source);
  const files = wishes.configuration ? checkFiles(records, wishes.names, access.source) : [];
  const parts = wishes.connection ? await checkConnection(records.here, wishes.names, access) : [];
  return [...files, ...parts];
}

async function checkConnection(here: BridgeHere, names: readonly string[], access: BridgeAccess): Promise<Part[]> {
  const { source } = access;
  const facts = await readFacts(source);
  const own = source.hostname().split('.')[0] ?? '';
  const others = names.filter((name) => !isSameName(name, own));
  return [
    addressPart(here, facts),
    netPart(here, facts),
    await namePart(own, here),
    ...(here.uplink === undefined ? [] : uplinkParts(here.uplink, facts, source)),
    ...(here.uplink === undefined ? [] : [forwardingPart(facts), ...(await rulesParts(here, facts, access))]),
    ...(await hostParts(others, here)),
  ];
}

/** A route of somebody else's for the same network takes its packets elsewhere. */
function netPart({ private: side, ip, prefixLength }: BridgeHere, { routes }: BridgeFacts): Part {
  const net = netText(ip, prefixLength);
  const route = routes.find(({ destination }) => destination === net);
  if (route?.interface === side) return up('cluster route', `${net} is reached through ${side}`);
  if (route !== undefined)
    return down('cluster route', `${net} is reached through ${route.interface}, not ${side}`, 'take that route away');
  return down('cluster route', `there is no route to ${net}`, `switch ${side} on and look at its cable`);
}

async function namePart(name: string, here: BridgeHere): Promise<Part> {
  const answer = await askBoth(name, here.domain, here.ip);
  if (answer.problem !== undefined) return down('DNS', `${name}: ${answer.problem}`, 'run `piburn bridge status`');
  return up('DNS', `${name} and ${name}.${here.domain} are ${answer.addresses.join(', ')}`);
}

async function rulesParts(here: BridgeHere, facts: BridgeFacts, { source, isRoot }: BridgeAccess): Promise<Part[]> {
  const table = tablePart(facts, isRoot);
  if (table.state !== 'up') return [table];
  const rules = readRules((await source.output('nft', ['-j', 'list', 'ruleset'])) ?? '', here.private);
  if (rules === undefined) return [table, unknown('foreign rules', 'nft does not list them')];
  return [natPart(here, rules.masquerade), ...foreignParts(rules.dropping, here)];
}

function natPart({ uplink, ipv4Net }: BridgeHere, masquerade: { readonly packets?: number } | undefined): Part {
  if (masquerade === undefined) {
    return down('NAT', 'table inet piburn has no rule to masquerade', 'run `piburn bridge restart`');
  }
  const { packets } = masquerade;
  const counted = packets === undefined ? '' : `, ${packets} connections so far`;
  return up('NAT', `${ipv4Net} goes out of ${uplink} masqueraded${counted}`);
}

function foreignParts(dropping: readonly DroppingChain[], here: BridgeHere): Part[] {
  if (dropping.length === 0) return [up('foreign rules', 'no other table drops what is forwarded')];
  return dropping.map(({ table, chain, how, hasDockerUser }) =>
    down(
      'foreign rules',
      `table ${table} drops what is forwarded (chain ${chain}, ${how}), which our table cannot undo`,
      `let the cluster through there: ${hasDockerUser ? dockerWords(here) : nftWords(table, chain, here)}`,
    ),
  );
}

const dockerWords = ({ private: side }: BridgeHere): string =>
  `\`iptables -I DOCKER-USER -i ${side} -j ACCEPT\` and \`iptables -I DOCKER-USER -o ${side} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\``;

const nftWords = (table: string, chain: string, { private: side }: BridgeHere): string =>
  `\`nft insert rule ${table} ${chain} iifname ${side} accept\` and \`nft insert rule ${table} ${chain} oifname ${side} ct state established,related accept\``;

const pingMs = 1000;
const atOnce = 16;

async function hostParts(names: readonly string[], here: BridgeHere): Promise<Part[]> {
  const asker = new HostAsker(pingMs);
  const parts = new Map<string, Part>();
  const rest = names.values();
  const work = async () => {
    for (const name of rest) parts.set(name, await hostPart(name, here, asker));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return names.flatMap((name) => parts.get(name) ?? []);
}

async function hostPart(name: string, here: BridgeHere, asker: HostAsker): Promise<Part> {
  const { problem, addresses } = await askBoth(name, here.domain, here.ip);
  const [address] = addresses;
  if (problem !== undefined || address === undefined)
    return down(name, problem ?? 'it has no address', 'see `piburn bridge list`');
  const { answered } = await asker.ask(address);
  return answered
    ? up(name, `${address} answers`)
    : down(name, `${address} does not answer`, 'look at its power and its cable');
}
