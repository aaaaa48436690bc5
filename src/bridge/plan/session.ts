// SSH sessions that a change of the bridge would cut off. They are protected: --allow-session lets them end.

import { refusal } from '../../errors.js';
import { paths } from './paths.js';
import type { BridgeFacts, Entry, OnSession } from './types.js';

/** A session that may end: at which of our addresses it comes in, on which interface. */
export interface Session {
  readonly address: string;
  readonly interface: string;
}

/** The session that comes in over an interface, at another address than those that stay. */
export function sessionOver(name: string, facts: BridgeFacts, staying: readonly string[] = []): Session | undefined {
  const addresses = facts.interfaces.find((each) => each.name === name)?.addresses ?? [];
  const used = addresses.find(({ address }) => facts.sshAddresses.includes(address) && !staying.includes(address));
  return used === undefined ? undefined : { address: used.address, interface: name };
}

/**
 * Returns a warning, if there is a session to warn about. `what`: what would cut it off.
 * @throws PiburnError (refused) `SSH_SESSION`.
 */
export function guardSession(session: Session | undefined, what: string, onSession: OnSession = 'refuse'): string[] {
  if (session === undefined) return [];
  const { address, interface: name } = session;
  const found = `an SSH session comes in at ${address} on ${name}, and ${what} would cut it off`;
  if (onSession === 'warn') return [`${found}: it is refused without --allow-session`];
  if (onSession === 'allow') return [`an SSH session comes in at ${address} on ${name}, and ${what} may cut it off`];
  throw refusal('SSH_SESSION', found, {
    hint: 'come in over the uplink, or say --allow-session if that session may end',
  });
}

/** The session that ends when these entries are undone. */
export function sessionLost(entries: readonly Entry[], facts: BridgeFacts): Session | undefined {
  for (const { step } of entries) {
    if (step.kind === 'address' && facts.sshAddresses.includes(plain(step.address)))
      return { address: plain(step.address), interface: step.interface };
    const [, link] = (step.kind === 'command' && /^link:(.*)/.exec(step.id)) || [];
    const name = link ?? interfaceOf(step.id, facts);
    const found = name === undefined ? undefined : sessionOver(name, facts);
    if (found !== undefined) return found;
  }
  return undefined;
}

const plain = (address: string): string => address.replace(/\/\d+$/, '');

/** Without the file that gives it its address the interface is set up anew. */
const interfaceOf = (id: string, facts: BridgeFacts): string | undefined =>
  managerFiles.some((path) => id === `file:${path}`) ? privateSide(facts) : undefined;

const managerFiles = [paths.networkManager, paths.networkd, paths.ifupdown, paths.dhcpcd, paths.interfaces];

/** What dnsmasq was told, where no state says it. */
export const privateSide = ({ state, files }: BridgeFacts): string | undefined =>
  state?.settings.private ??
  [paths.dnsmasq, paths.ownDnsmasq]
    .map((path) => /^interface=(\S+)$/m.exec(files[path]?.text ?? '')?.[1])
    .find(Boolean);
