// Debian's packages: what is missing, and dnsmasq anew on request. Packages stay when the bridge goes.

import { dnsmasqHome } from './dnsmasq-home.js';
import type { BridgeFacts, Command, CommandStep, Step } from './types.js';

const installMs = 15 * 60_000;

/** Programs and packages before anything is configured; dnsmasq's service comes after our file, or it would serve everybody. */
export function packageSteps(facts: BridgeFacts, purge: boolean): readonly Step[] {
  const wanted = { dnsmasq: 'dnsmasq-base', nft: 'nftables' } as const;
  const missing = Object.entries(wanted).flatMap(([program, name]) =>
    facts.programs[program] === undefined || (purge && program === 'dnsmasq') ? [name] : [],
  );
  return [...(purge ? purgeSteps(facts) : []), ...(missing.length === 0 ? [] : [install('install', missing)])];
}

/** What is installed again is fetched first: without a network nothing is removed. */
function purgeSteps(facts: BridgeFacts): readonly CommandStep[] {
  const again = dnsmasqHome(facts, true) === 'service' ? ['dnsmasq-base', 'dnsmasq'] : ['dnsmasq-base'];
  return [
    {
      kind: 'command',
      id: `install-download:${again.join(',')}`,
      sentence: `fetch ${again.join(' and ')}`,
      do: [aptGet(['install', '--download-only', '--reinstall', '-y', '--no-install-recommends', ...again])],
      undo: [],
    },
    {
      kind: 'command',
      id: 'purge',
      sentence: 'remove dnsmasq with its own settings, which do not come back, to install it anew',
      // dpkg refuses where another package needs one of them; apt-get would remove that as well.
      do: [
        {
          argv: ['env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--purge', ...purgedPackages],
          timeoutMs: installMs,
        },
      ],
      undo: [],
      leaves: { what: 'dnsmasq was removed with its settings', next: `\`sudo apt-get install ${again.join(' ')}\`` },
    },
  ];
}

export const purgedPackages = ['dnsmasq', 'dnsmasq-base'] as const;

export const install = (id: string, names: readonly string[]): CommandStep => ({
  kind: 'command',
  id: `${id}:${names.join(',')}`,
  sentence: `install ${names.join(' and ')} (they stay when the bridge is deleted)`,
  do: [aptGet(['install', '-y', '--no-install-recommends', ...names])],
  undo: [],
  leaves: {
    what: `${names.join(' and ')} ${names.length === 1 ? 'was' : 'were'} installed and ${names.length === 1 ? 'stays' : 'stay'}`,
  },
});

function aptGet(args: readonly string[]): Command {
  return { argv: ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], timeoutMs: installMs };
}
