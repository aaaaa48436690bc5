// Which dnsmasq serves the bridge. A dnsmasq of somebody else must not lose anything by it: neither its leases, nor the
// interfaces on which it answers, nor its other settings.

import { headLine, paths } from './paths.js';
import type { BridgeFacts } from './types.js';

/**
 * `daemon`: without systemd, started by piburn. `service`: the distribution's dnsmasq.service, which nobody else uses, with our
 * file in /etc/dnsmasq.d. `unit`: a unit of our own, beside a dnsmasq that has settings of others or runs already.
 */
export type DnsmasqHome = 'daemon' | 'service' | 'unit';

/** What was chosen once stays, whatever others do later. */
export function dnsmasqHome(facts: BridgeFacts, purge: boolean): DnsmasqHome {
  if (!facts.hasSystemd) return 'daemon';
  if (facts.files[paths.dnsmasqUnit] !== undefined) return 'unit';
  if (purge) return keptByPurge(facts).length > 0 ? 'unit' : 'service';
  if (isServedByService(facts)) return 'service';
  const { foreignFiles, readsFolder } = facts.dnsmasq;
  const service = facts.services['dnsmasq'];
  if (foreignFiles.length > 0 || service?.isActive === true) return 'unit';
  // Where it is not installed yet it will be Debian's, which reads the folder.
  return readsFolder || service?.exists !== true ? 'service' : 'unit';
}

export const confPath = (home: DnsmasqHome): string => (home === 'unit' ? paths.ownDnsmasq : paths.dnsmasq);

/** The distribution's service has our file: it is the bridge's. Only root can read the state. */
export function isServedByService({ hasSystemd, dnsmasq, files, state }: BridgeFacts): boolean {
  if (!hasSystemd) return false;
  if (state?.entries.some(({ step }) => step.id === 'dnsmasq') === true) return true;
  return dnsmasq.readsFolder && files[paths.dnsmasq]?.text.startsWith(headLine) === true;
}

/** The package's own files go with it; what others have put into its folder stays. */
export const keptByPurge = ({ dnsmasq }: BridgeFacts): readonly string[] =>
  dnsmasq.foreignFiles.filter((path) => path.startsWith('/etc/dnsmasq.d/'));
