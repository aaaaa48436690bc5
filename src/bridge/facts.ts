// What this machine is, as far as a bridge cares: interfaces, who manages them, services, listeners, settings that are
// there. Only reads.

import { given } from '../given.js';
import { daemonPid, keeperPid } from './daemon.js';
import { readInterfaces } from './facts/interfaces.js';
import { readListeners } from './facts/listeners.js';
import { readManagers } from './facts/managers.js';
import { readDnsmasq, readRemovedWithDnsmasq, readResolvers } from './facts/names.js';
import { readServices } from './facts/services.js';
import { readSshAddresses } from './facts/sessions.js';
import { ownFiles, paths, sharedFiles } from './plan/paths.js';
import type { BridgeFacts } from './plan/types.js';
import { type BridgeSource, globalIdOf } from './source.js';
import { parseState } from './state.js';
import { hasForeignForward } from './use/nft-ruleset.js';

const managerPrograms = ['nmcli', 'networkctl', 'dhcpcd', 'ifup'];
const askedPrograms = ['dnsmasq', 'nft', 'ip', 'sysctl', 'resolvconf', ...managerPrograms];

/**
 * `sshConnection`: the environment's SSH_CONNECTION, if there is one. `purge`: look what a purge of dnsmasq would take along,
 * which takes apt-get a second or two.
 * @throws PiburnError `BRIDGE_STATE` for a state file that cannot be read; system errors never.
 */
export async function readFacts(source: BridgeSource, sshConnection?: string, purge = false): Promise<BridgeFacts> {
  const hasSystemd = source.exists('/run/systemd/system');
  const [links, managers, services, listeners, sshAddresses, tables, ruleset, removed] = await Promise.all([
    readInterfaces(source),
    readManagers(source, hasSystemd),
    hasSystemd ? readServices(source, ['dnsmasq', 'piburn-bridge', 'piburn-bridge-dnsmasq']) : {},
    readListeners(source),
    readSshAddresses(source, sshConnection),
    source.output('nft', ['list', 'tables', 'inet']),
    source.output('nft', ['-j', 'list', 'ruleset']),
    purge ? readRemovedWithDnsmasq(source) : undefined,
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
    hasForeignForward: hasForeignForward(ruleset ?? ''),
    ...given({
      daemonPid: daemonPid(asSystem(source)),
      keeperPid: keeperPid(asSystem(source)),
      removedWithDnsmasq: removed,
      state: stateText === undefined ? undefined : parseState(Buffer.from(stateText, 'latin1').toString('utf8')),
    }),
  };
}

const programsOf = (source: BridgeSource): Readonly<Record<string, string>> =>
  given(Object.fromEntries(askedPrograms.map((name) => [name, source.which(name)]))) as Record<string, string>;

const filesOf = (source: BridgeSource): BridgeFacts['files'] =>
  Object.fromEntries(
    [...ownFiles, ...sharedFiles, paths.dhcpHosts, paths.hosts, paths.leases].flatMap((path) => {
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

const asSystem = (source: BridgeSource) => ({
  commandLine: (pid: number) => source.commandLine(pid),
  readFile(path: string) {
    const file = source.file(path);
    return file === undefined
      ? undefined
      : { bytes: Buffer.from(file.text, 'latin1'), mode: file.mode, uid: 0, gid: 0 };
  },
});
