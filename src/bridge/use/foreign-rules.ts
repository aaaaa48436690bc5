// What nftables says of NAT and forwarding, in the JSON of `nft -j list ruleset` (libnftables-json(5)): our masquerading, and
// chains of others that drop what our table lets through. Docker's are among them: iptables-nft keeps its rules there too.

export interface RuleFindings {
  /** Our masquerading; `packets` when the rule counts them. Undefined: it is not there. */
  readonly masquerade?: { readonly packets?: number };
  /** Others' chains that drop forwarded packets of the cluster. */
  readonly dropping: readonly DroppingChain[];
}

export interface DroppingChain {
  /** `ip filter` */
  readonly table: string;
  readonly chain: string;
  /** `policy drop`, or the rule at its end. */
  readonly how: string;
  /** Docker leaves a chain to others, which it never flushes. */
  readonly hasDockerUser: boolean;
}

interface Chain {
  readonly table: string;
  readonly name: string;
  readonly hook: string | undefined;
  readonly policy: string | undefined;
}

interface Rule {
  readonly table: string;
  readonly chain: string;
  readonly expressions: readonly Item[];
}

type Item = Readonly<Record<string, unknown>>;

/** Undefined for what is not nft's JSON. A chain that has a rule to accept what comes from `side` is left out. */
export function readRules(text: string, side: string): RuleFindings | undefined {
  const items = itemsOf(text);
  if (items === undefined) return undefined;
  const chains = items.flatMap(({ chain }) => toChain(chain));
  const rules = items.flatMap(({ rule }) => toRule(rule));
  const masquerade = rules.find(
    ({ table, expressions }) => table === ours && expressions.some((each) => 'masquerade' in each),
  );
  return {
    ...(masquerade && { masquerade: packetsOf(masquerade) }),
    dropping: chains.filter(isForeignForward).flatMap((chain) => judge(chain, chains, rules, side)),
  };
}

const ours = 'inet piburn';

const isForeignForward = ({ table, hook }: Chain): boolean =>
  hook === 'forward' && table !== ours && /^(ip|inet) /.test(table);

function judge(chain: Chain, chains: readonly Chain[], rules: readonly Rule[], side: string): DroppingChain[] {
  const beside = rules.filter(({ table }) => table === chain.table);
  const own = beside.filter((rule) => rule.chain === chain.name);
  const end = own.map(verdictOfAll).find((verdict) => verdict !== undefined);
  const isOpen = end === 'accept' || beside.some((rule) => accepts(rule, side));
  if (isOpen || (end === undefined && chain.policy !== 'drop')) return [];
  return [
    {
      table: chain.table,
      chain: chain.name,
      how: end === undefined ? 'policy drop' : `a rule to ${end} everything`,
      hasDockerUser: chains.some(({ table, name }) => table === chain.table && name === 'DOCKER-USER'),
    },
  ];
}

/** The verdict of a rule without any condition. */
function verdictOfAll({ expressions }: Rule): 'accept' | 'drop' | 'reject' | undefined {
  const rest = expressions.filter((each) => !('counter' in each) && !('log' in each));
  if (rest.length !== 1) return undefined;
  return (['accept', 'drop', 'reject'] as const).find((verdict) => verdict in (rest[0] ?? {}));
}

function accepts({ expressions }: Rule, side: string): boolean {
  return (
    expressions.some((each) => 'accept' in each) && expressions.some((each) => comesFrom(recordOf(each['match']), side))
  );
}

function comesFrom(match: Item, side: string): boolean {
  const key = recordOf(recordOf(match['left'])['meta'])['key'];
  const { op, right } = match;
  if (key !== 'iifname' && key !== 'iif') return false;
  const set = recordOf(right)['set'];
  return op === '==' && (right === side || (Array.isArray(set) && set.includes(side)));
}

function packetsOf({ expressions }: Rule): { readonly packets?: number } {
  const packets = expressions
    .map((each) => recordOf(each['counter'])['packets'])
    .find((value) => typeof value === 'number');
  return typeof packets === 'number' ? { packets } : {};
}

function toChain(value: unknown): Chain[] {
  const { family, table, name, hook, policy } = recordOf(value);
  if (typeof name !== 'string') return [];
  return [{ table: `${family} ${table}`, name, hook: wordOf(hook), policy: wordOf(policy) }];
}

function toRule(value: unknown): Rule[] {
  const { family, table, chain, expr } = recordOf(value);
  if (typeof chain !== 'string' || !Array.isArray(expr)) return [];
  return [{ table: `${family} ${table}`, chain, expressions: expr.map(recordOf) }];
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

const recordOf = (value: unknown): Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Item) : {};
