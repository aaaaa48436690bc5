// After the burn: what a person needs to reach the new cluster, as it was asked for. Only good cards are in it.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeGenerated } from '../burn/config/generated-file.js';
import type { Settings } from '../burn/config/settings.js';
import type { Order } from '../burn/order.js';
import { addInclude, applySshConfig, planSshConfig, type SshHome } from '../burn/ssh-config.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import type { BurnSummary } from '../protocol.js';
import {
  type ClusterNode,
  hostsBegin,
  hostsEnd,
  renderAnsibleInventory,
  renderHosts,
  renderSshConfig,
} from '../report/cluster-files.js';
import { callingPerson } from './person.js';
import { isYes, type Terminal } from './terminal.js';

export type AfterWishes = Pick<Settings, 'ssh-config' | 'ansible' | 'hosts'>;

/** What can be refused before anything is burned. */
export function checkAfter({ hosts, ansible }: AfterWishes): void {
  for (const [option, path] of [
    ['--hosts', hosts],
    ['--ansible', ansible],
  ])
    if (path !== undefined && statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
      throw usageError('NO_DIRECTORY', `${option}=${path} lies in no directory that is there`, {
        hint: 'make the directory first, or name another file',
      });
  if (hosts !== '/etc/hosts') return;
  throw usageError(
    'HOSTS_FILE',
    "--hosts=/etc/hosts would change this machine's own hosts, which piburn leaves alone",
    {
      hint: 'write to another file, and add its lines yourself',
    },
  );
}

export async function afterBurn(
  summary: BurnSummary,
  order: Order,
  wishes: AfterWishes,
  flags: { readonly yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const nodes = reachable(summary, order);
  if (nodes.length === 0) return;
  const owner = callingPerson(process.env);
  const { ansible, hosts } = wishes;
  const steps: (() => Promise<void> | void)[] = [
    () => {
      if (ansible === undefined) return;
      writeGenerated(ansible, renderAnsibleInventory(nodes), undefined, owner);
      terminal.say(`Ansible inventory: ${ansible}`);
    },
    () => {
      if (hosts === undefined) return;
      writeGenerated(hosts, renderHosts(nodes), { begin: hostsBegin, end: hostsEnd }, owner);
      terminal.say(`Hosts: ${hosts}`);
    },
    async () => {
      if (wishes['ssh-config']) await writeSshConfig(nodes, owner, flags, terminal);
    },
  ];
  await allOf(steps);
}

/** Does every step; the first failure is told when all have been tried. */
async function allOf(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps)
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
}

function reachable({ cards }: BurnSummary, { cluster }: Order): ClusterNode[] {
  const good = new Set(cards.flatMap(({ outcome, hostname }) => (outcome === 'good' && hostname ? [hostname] : [])));
  return (cluster ?? [])
    .filter(({ hostname }) => good.has(hostname))
    .map(({ hostname, ipv4, ipv6, user }) => ({
      hostname,
      ...given({ address: ipv4?.address, address6: ipv6?.address, user: user?.name }),
    }));
}

async function writeSshConfig(
  nodes: readonly ClusterNode[],
  owner: SshHome,
  { yes }: { readonly yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const plan = planSshConfig(renderSshConfig(nodes), owner);
  applySshConfig(plan, owner);
  terminal.say(`ssh: the nodes are in ${plan.path}`);
  if (!plan.lacksInclude) return;
  const question = 'ssh looks there only with a line "Include config.d/piburn" in ~/.ssh/config. Add it? [y/N] ';
  const answer = yes ? 'y' : terminal.canAsk(false) ? await terminal.ask(question) : undefined;
  if (isYes(answer)) addInclude(owner);
  else terminal.say('ssh does not look there yet: put "Include config.d/piburn" at the top of ~/.ssh/config');
}
