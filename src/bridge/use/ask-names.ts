// Asks the bridge's own name server, and nobody else.

import { Resolver } from 'node:dns/promises';
import { errnoOf } from '../../errors.js';

export interface NameAnswer {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Why there is none. */
  readonly problem?: string;
}

const lookupMs = 1000;
const lookups = 2;

/** IPv4 addresses of a name, exactly as it stands. Never rejects. */
export async function askName(
  name: string,
  server: string,
  { timeoutMs = lookupMs, tries = lookups }: { timeoutMs?: number; tries?: number } = {},
): Promise<NameAnswer> {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  resolver.setServers([server]);
  try {
    return { name, addresses: await resolver.resolve4(name) };
  } catch (error) {
    const word = errnoOf(error);
    return { name, addresses: [], problem: problems[word ?? ''] ?? `the name server says ${word ?? String(error)}` };
  }
}

const problems: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name server does not know the name',
  ENODATA: 'the name server has no address for the name',
  ETIMEOUT: 'the name server does not answer',
  ECONNREFUSED: 'nobody answers at the name server',
  EREFUSED: 'the name server refuses to answer',
};

/** The name as the cluster's domain has it, and alone. */
export async function askBoth(name: string, domain: string, server: string): Promise<NameAnswer> {
  const [long, short] = await Promise.all([askName(`${name}.${domain}`, server), askName(name, server)]);
  if (long.problem !== undefined) return long;
  if (short.problem !== undefined) return short;
  if (long.addresses[0] === short.addresses[0]) return { ...long, name };
  return { name, addresses: [], problem: `${long.name} is ${long.addresses[0]}, and ${name} is ${short.addresses[0]}` };
}
