// Debian's packages: what is missing, and dnsmasq anew on request. Packages stay when the bridge goes.

import type { BridgeFacts, CommandStep, Step } from './types.js';

const installMs = 15 * 60_000;

/** Programs and packages before anything is configured; dnsmasq's service comes after our file, or it would serve everybody. */
export function packageSteps(facts: BridgeFacts, purge: boolean): readonly Step[] {
  const wanted = { dnsmasq: 'dnsmasq-base', nft: 'nftables' } as const;
  const missing = Object.entries(wanted).flatMap(([program, name]) =>
    facts.programs[program] === undefined || (purge && program === 'dnsmasq') ? [name] : [],
  );
  return [...(purge ? [purgeStep] : []), ...(missing.length === 0 ? [] : [install('install', missing)])];
}

const purgeStep: CommandStep = {
  kind: 'command',
  id: 'purge',
  sentence: 'remove dnsmasq with its own settings, which do not come back, to install it anew',
  do: [aptGet(['purge', '-y', 'dnsmasq', 'dnsmasq-base'])],
  undo: [],
};

export const install = (id: string, names: readonly string[]): CommandStep => ({
  kind: 'command',
  id: `${id}:${names.join(',')}`,
  sentence: `install ${names.join(' and ')} (they stay when the bridge is deleted)`,
  do: [aptGet(['install', '-y', '--no-install-recommends', ...names])],
  undo: [],
});

function aptGet(args: readonly string[]) {
  return { argv: ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], timeoutMs: installMs };
}
