// The dnsmasq that serves the bridge: ours, the distribution's with our file, or one in a unit of our own. SIGHUP has it
// read the reservations anew (dnsmasq(8), NOTES) and forget no lease.

import { given } from '../../given.js';
import { daemonPid } from '../daemon.js';
import { readServices } from '../facts/services.js';
import { paths, units } from '../plan/paths.js';
import type { BridgeSource } from '../source.js';
import type { BridgeSystem } from '../system.js';

export interface DnsmasqNow {
  /** Undefined: piburn itself started it. */
  readonly unit?: string;
  /** Undefined: it does not run. */
  readonly pid?: number;
}

/** `source` and `system` as in BridgeAccess. */
export async function dnsmasqNow({
  source,
  system,
}: {
  readonly source: BridgeSource;
  readonly system: Pick<BridgeSystem, 'readFile' | 'commandLine'>;
}): Promise<DnsmasqNow> {
  const unit = dnsmasqUnit(source);
  if (unit === undefined) return given({ pid: daemonPid(system) });
  const name = unit.replace(/\.service$/, '');
  const service = (await readServices(source, [name]))[name];
  return { unit, ...given({ pid: service?.isActive === true ? service.pid : undefined }) };
}

/** The unit that runs it; undefined without systemd. */
export function dnsmasqUnit(source: Pick<BridgeSource, 'exists'>): string | undefined {
  if (!source.exists('/run/systemd/system')) return undefined;
  return source.exists(paths.dnsmasqUnit) ? units.dnsmasq : 'dnsmasq.service';
}

/** Has it read its files of reservations again; false: it does not run, and reads them when it starts. */
export function reread({ pid }: DnsmasqNow, system: Pick<BridgeSystem, 'signal' | 'commandLine'>): boolean {
  if (pid === undefined || system.commandLine(pid)?.[0]?.includes('dnsmasq') !== true) return false;
  system.signal(pid, 'SIGHUP');
  return true;
}
