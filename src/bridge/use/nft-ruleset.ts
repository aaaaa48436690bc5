// The rules of nftables as data, from the JSON of `nft -j list ruleset` (libnftables-json(5)). Docker's and ufw's are among
// them: iptables-nft keeps its rules there too. A table that is switched off (dormant) is left out.

export interface Chain {
  /** `ip filter` */
  readonly table: string;
  readonly name: string;
  readonly hook: string | undefined;
  readonly policy: string | undefined;
}

export interface Rule {
  readonly table: string;
  readonly chain: string;
  /** Told from others of its table by it. */
  readonly handle: number | undefined;
  readonly expressions: readonly Item[];
}

export interface Ruleset {
  readonly chains: readonly Chain[];
  readonly rules: readonly Rule[];
  /** The elements of sets and maps with a name, by `ip filter NAME`. */
  readonly elements: ReadonlyMap<string, readonly unknown[]>;
}

export type Item = Readonly<Record<string, unknown>>;

export const ownTable = 'inet piburn';

/** Undefined for what is not nft's JSON. */
export function parseRuleset(text: string): Ruleset | undefined {
  const items = itemsOf(text);
  if (items === undefined) return undefined;
  const dormant = new Set(items.flatMap(({ table }) => dormantName(table)));
  const isOn = ({ table }: { readonly table: string }) => !dormant.has(table);
  return {
    chains: items.flatMap(({ chain }) => toChain(chain)).filter(isOn),
    rules: items.flatMap(({ rule }) => toRule(rule)).filter(isOn),
    elements: new Map(items.flatMap(({ set, map }) => toElements(set ?? map))),
  };
}

/** The chains of others through which forwarded packets of IP go first; each has its say. */
export const foreignForwardChains = ({ chains }: Ruleset): Chain[] =>
  chains.filter(({ table, hook }) => hook === 'forward' && table !== ownTable && /^(ip|ip6|inet) /.test(table));

/** Whether such a chain does anything; iptables-nft leaves empty ones behind. */
export function hasForeignForward(text: string): boolean {
  const ruleset = parseRuleset(text);
  if (ruleset === undefined) return false;
  return foreignForwardChains(ruleset).some(
    ({ table, name, policy }) =>
      policy === 'drop' || ruleset.rules.some((rule) => rule.table === table && rule.chain === name),
  );
}

/** nft 1.0.6 writes `"flags": "dorm"`, others `["dormant"]`. */
function dormantName(value: unknown): string[] {
  const { family, name, flags } = recordOf(value);
  return [flags].flat().some((flag) => /^dorm/.test(String(flag))) ? [`${family} ${name}`] : [];
}

function toChain(value: unknown): Chain[] {
  const { family, table, name, hook, policy } = recordOf(value);
  if (typeof name !== 'string') return [];
  return [{ table: `${family} ${table}`, name, hook: wordOf(hook), policy: wordOf(policy) }];
}

function toRule(value: unknown): Rule[] {
  const { family, table, chain, handle, expr } = recordOf(value);
  if (typeof chain !== 'string' || !Array.isArray(expr)) return [];
  const number = typeof handle === 'number' ? handle : undefined;
  return [{ table: `${family} ${table}`, chain, handle: number, expressions: expr.map(recordOf) }];
}

function toElements(value: unknown): [string, readonly unknown[]][] {
  const { family, table, name, elem } = recordOf(value);
  return typeof name === 'string' && Array.isArray(elem) ? [[`${family} ${table} ${name}`, elem]] : [];
}

function itemsOf(text: string): Item[] | undefined {
  try {
    const list = recordOf(JSON.parse(text))['nftables'];
    return Array.isArray(list) ? list.map(recordOf) : undefined;
  } catch {
    return undefined;
  }
}

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const recordOf = (value: unknown): Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Item) : {};
