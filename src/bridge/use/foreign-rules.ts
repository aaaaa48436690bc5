// What nftables says of NAT and forwarding: our masquerading, and chains of others that drop what our table lets through. The
// cluster's packets are led through the chains as the kernel would do it, from each chain at the hook of forwarding on.

import { netOfChecked } from '../../ipv4-net.js';
import type { BridgeSettings } from '../../protocol.js';
import {
  type Chain,
  foreignForwardChains,
  type Item,
  ownTable,
  parseRuleset,
  type Rule,
  type Ruleset,
  recordOf,
} from './nft-ruleset.js';
import { allOf, elementsOf, type Fit, fitOf, fitOfValue, type Packets } from './packet-fit.js';

export interface RuleFindings {
  /** Our masquerading; `packets` when the rule counts them. Undefined: it is not there. */
  readonly masquerade?: { readonly packets?: number };
  /** Others' chains that drop forwarded packets of the cluster. */
  readonly dropping: readonly DroppingChain[];
  /** Others have chains for what is forwarded, whatever they do. */
  readonly others: readonly string[];
}

export interface DroppingChain {
  /** `ip filter` */
  readonly table: string;
  readonly chain: string;
  /** `policy drop`, or the rule that does it. */
  readonly how: string;
  readonly way: 'out' | 'back' | 'both';
  /** Docker leaves a chain to others, which it never flushes; ufw has rules of its own for what is routed. */
  readonly keeper?: 'docker' | 'ufw';
}

type Sides = Pick<BridgeSettings, 'private' | 'uplink' | 'ip' | 'prefixLength' | 'ipv6'>;

/** Undefined for what is not nft's JSON. `listing`: the same as `nft -a list ruleset` prints it, as far as it is known. */
export function readRules(text: string, sides: Sides, listing = ''): RuleFindings | undefined {
  const ruleset = parseRuleset(text);
  if (ruleset === undefined) return undefined;
  const masquerade = ruleset.rules.find(
    ({ table, expressions }) => table === ownTable && expressions.some((each) => 'masquerade' in each),
  );
  const foreign = foreignForwardChains(ruleset);
  const walk = new Walk(ruleset, linesOf(listing));
  return {
    ...(masquerade && { masquerade: packetsOf(masquerade) }),
    dropping: foreign.flatMap((chain) => judge(chain, walk, ruleset, sides)),
    others: [...new Set(foreign.map(({ table }) => table))],
  };
}

/** Whether nft's JSON leaves out what its text says (`xt`). */
export const needsListing = (text: string): boolean => text.includes('"xt":');

function judge(chain: Chain, walk: Walk, { chains }: Ruleset, sides: Sides): DroppingChain[] {
  const { table, name } = chain;
  const kinds = packetsOn(sides).filter(({ family }) => !table.startsWith(family === 4 ? 'ip6 ' : 'ip '));
  const drops = kinds.flatMap((packets) => {
    const how = walk.dropOf(chain, packets);
    return how === undefined ? [] : [{ how, direction: packets.direction }];
  });
  const [first] = drops;
  if (first === undefined) return [];
  const isOneWay = drops.every(({ direction }) => direction === first.direction);
  const has = (other: string) => chains.some((each) => each.table === table && each.name === other);
  const keeper = has('DOCKER-USER') ? 'docker' : has('ufw-user-forward') ? 'ufw' : undefined;
  const way = isOneWay ? (first.direction === 'original' ? 'out' : 'back') : 'both';
  return [{ table, chain: name, how: first.how, way, ...(keeper && { keeper }) }];
}

/** What has to get through: the first packet of a connection, those that follow it, and the answers. */
function packetsOn({ private: side, uplink = '', ip, prefixLength, ipv6 }: Sides): Packets[] {
  const net = netOfChecked(ip, prefixLength);
  const families = [4, ...(ipv6 === undefined ? [] : [6 as const])] as const;
  return families.flatMap((family): Packets[] => {
    const common = { family, net, prefix: ipv6?.prefix };
    const out = { ...common, from: side, to: uplink, direction: 'original' } as const;
    return [
      { ...out, state: 'new' },
      { ...out, state: 'established' },
      { ...common, from: uplink, to: side, direction: 'reply', state: 'established' },
    ];
  });
}

type Verdict = 'accept' | 'drop' | 'reject' | 'jump' | 'goto' | 'return' | 'queue';

/** `end`: it came to the end of the chain. */
type Outcome = 'accept' | 'end' | { readonly how: string };

/** The kernel's own limit (NFT_JUMP_STACK_SIZE). */
const maxDepth = 16;

class Walk {
  readonly #ruleset: Ruleset;
  readonly #lines: ReadonlyMap<string, string>;
  readonly #rules = new Map<string, Rule[]>();

  constructor(ruleset: Ruleset, lines: ReadonlyMap<string, string>) {
    this.#ruleset = ruleset;
    this.#lines = lines;
    for (const rule of ruleset.rules) {
      const key = `${rule.table} ${rule.chain}`;
      this.#rules.set(key, [...(this.#rules.get(key) ?? []), rule]);
    }
  }

  /** What drops all or the rest of these packets on their way from a base chain; undefined: they get through. */
  dropOf({ table, name, policy }: Chain, packets: Packets): string | undefined {
    const outcome = this.#through(table, name, packets, 0);
    if (outcome === 'accept') return undefined;
    if (outcome === 'end') return policy === 'drop' ? 'policy drop' : undefined;
    return outcome.how;
  }

  #through(table: string, name: string, packets: Packets, depth: number): Outcome {
    // Some have left the chain: what comes is about the rest only.
    let isSplit = false;
    for (const rule of this.#rules.get(`${table} ${name}`) ?? []) {
      const { fit, verdict, target } = this.#judge(rule, packets);
      if (fit === 'none' || verdict === undefined) continue;
      if (verdict === 'return' && fit === 'all') return 'end';
      if (verdict === 'return') isSplit = true;
      if (fit === 'some' || isSplit) continue;
      // Whatever takes packets out of a queue decides.
      if (verdict === 'accept' || verdict === 'queue') return 'accept';
      if (verdict === 'drop' || verdict === 'reject') return { how: `a rule to ${verdict} in chain ${name}` };
      const outcome = depth < maxDepth ? this.#through(table, target, packets, depth + 1) : 'end';
      if (outcome !== 'end' || verdict === 'goto') return outcome;
    }
    return 'end';
  }

  #judge(rule: Rule, packets: Packets): { fit: Fit; verdict?: Verdict; target: string } {
    const line = this.#lines.get(`${rule.table} ${rule.handle}`) ?? '';
    const fits: Fit[] = [];
    for (const expression of rule.expressions) {
      const found = verdictOf(expression) ?? this.#fromMap(expression, rule, packets);
      if (found !== undefined) return { fit: allOf([...fits, found.fit]), ...found.is };
      // A verdict map without an entry for them.
      if (!('vmap' in expression)) fits.push(fitOf(expression, packets, rule, this.#ruleset, line));
    }
    return { fit: allOf(fits), target: '' };
  }

  #fromMap({ vmap }: Item, { table }: Rule, packets: Packets): Found | undefined {
    if (vmap === undefined) return undefined;
    const { key, data } = recordOf(vmap);
    for (const entry of elementsOf(data, table, this.#ruleset) ?? []) {
      if (!Array.isArray(entry)) continue;
      const [value, verdict] = entry;
      const fit = value === '*' ? 'all' : fitOfValue(key, value, packets);
      const found = fit === 'none' ? undefined : verdictOf(recordOf(verdict));
      if (found !== undefined) return { ...found, fit };
    }
    return undefined;
  }
}

interface Found {
  readonly fit: Fit;
  readonly is: { readonly verdict: Verdict; readonly target: string };
}

function verdictOf(expression: Item): Found | undefined {
  const { type, name } = recordOf(expression['xt']);
  if (type === 'target' && name === 'REJECT') return { fit: 'all', is: { verdict: 'reject', target: '' } };
  const verdict = verdicts.find((each) => each in expression);
  if (verdict === undefined) return undefined;
  return { fit: 'all', is: { verdict, target: String(recordOf(expression[verdict])['target']) } };
}

const verdicts = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'queue'] as const;

/** The rules of a listing by table and handle: `… # handle 7` on a line below `table ip filter { # handle 1`. */
function linesOf(listing: string): Map<string, string> {
  const lines = new Map<string, string>();
  let table = '';
  for (const line of listing.split('\n')) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table;
    const handle = /^\t\t.* # handle (\d+)$/.exec(line)?.[1];
    if (handle !== undefined) lines.set(`${table} ${handle}`, line);
  }
  return lines;
}

function packetsOf({ expressions }: Rule): { readonly packets?: number } {
  const packets = expressions
    .map((each) => recordOf(each['counter'])['packets'])
    .find((value) => typeof value === 'number');
  return typeof packets === 'number' ? { packets } : {};
}
