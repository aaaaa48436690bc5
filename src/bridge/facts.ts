// What this machine is, as far as a bridge cares: interfaces, who manages them, services, listeners, settings that are
// there. Only reads.

import { given } from '../given.js';
import { readInterfaces } from './facts/interfaces.js';
import { readListeners, readSshAddresses } from './facts/listeners.js';
import { readManagers } from './facts/managers.js';
import { readDnsmasq, readResolvers } from './facts/names.js';
import { readServices } from './facts/services.js';
import { ownFiles, paths, sharedFiles } from './plan/paths.js';
import type { BridgeFacts } from './plan/types.js';
import { type BridgeSource, globalIdOf } from './source.js';
import { parseState } from './state.js';

const askedPrograms = ['dnsmasq', 'nft', 'ip', 'resolvconf'];

/**
 * `sshConnection`: the environment's SSH_CONNECTION, if there is one.
 * @throws PiburnError `BRIDGE_STATE` for a state file that cannot be read; system errors never.
 */
export async function readFacts(source: BridgeSource, sshConnection?: string): Promise<BridgeFacts> {
  const hasSystemd = source.exists('/run/systemd/system');
  const [links, managers, services, listeners, sshAddresses, tables] = await Promise.all([
    readInterfaces(source),
    readManagers(source, hasSystemd),
    hasSystemd ? readServices(source, ['dnsmasq', 'piburn-bridge', 'piburn-bridge-dnsmasq']) : {},
    readListeners(source),
    readSshAddresses(source, sshConnection),
    source.output('nft', ['list', 'tables', 'inet']),
  ]);
  const stateText = source.file(paths.state)?.text;
  return {
    hostname: source.hostname(),
    ulaGlobalId: globalIdOf(source.file('/etc/machine-id')?.text.trim() || source.hostname()),
    ...links,
    ...managers,
    hasSystemd,
    programs: programsOf(source),
    services,
    listeners,
    dnsmasq: readDnsmasq(source),
    resolvers: readResolvers(source),
    sshAddresses,
    files: filesOf(source),
    sysctl: sysctlsOf(
      source,
      links.interfaces.map(({ name }) => name),
    ),
    hasTable: /^table inet piburn$/m.test(tables ?? ''),
    ...given({
      daemonPid: daemonOf(source),
      state: stateText === undefined ? undefined : parseState(Buffer.from(stateText, 'latin1').toString('utf8')),
    }),
  };
}

const programsOf = (source: BridgeSource): Readonly<Record<string, string>> =>
  given(Object.fromEntries(askedPrograms.map((name) => [name, source.which(name)]))) as Record<string, string>;

const filesOf = (source: BridgeSource): BridgeFacts['files'] =>
  Object.fromEntries(
    [...ownFiles, ...sharedFiles, paths.dhcpHosts, paths.hosts].flatMap((path) => {
      const file = source.file(path);
      return file === undefined ? [] : [[path, file]];
    }),
  );

function sysctlsOf(source: BridgeSource, names: readonly string[]): Readonly<Record<string, string>> {
  const keys = [
    'net/ipv4/ip_forward',
    'net/ipv6/conf/all/forwarding',
    ...names.map((name) => `net/ipv6/conf/${name}/accept_ra`),
  ];
  return given(Object.fromEntries(keys.map((key) => [key, source.file(`/proc/sys/${key}`)?.text.trim()]))) as Record<
    string,
    string
  >;
}

/** As `daemonPid` in daemon.ts: a pid file alone proves nothing. */
function daemonOf(source: BridgeSource): number | undefined {
  const pid = Number(source.file(paths.pid)?.text.trim() ?? Number.NaN);
  if (!Number.isSafeInteger(pid) || pid < 2) return undefined;
  return source.commandLine(pid)?.includes(`--conf-file=${paths.dnsmasq}`) === true ? pid : undefined;
}
