// Machines as a bridge sees them, recorded: programs' answers and files, instead of the running system.

import type { BridgeSource } from '../../src/bridge/source.js';
import type { BridgeSettings } from '../../src/protocol.js';

/** A bridge that leads nowhere. */
export const settings: BridgeSettings = {
  private: 'eth0',
  ip: '10.1.1.1',
  prefixLength: 24,
  rangeFirst: '10.1.1.2',
  rangeLast: '10.1.1.122',
  dns: [],
  domain: 'cluster',
};

export interface Machine {
  /** Command line → what it prints; others fail. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly directories?: readonly string[];
  readonly programs: readonly string[];
  readonly processes?: Readonly<Record<number, readonly string[]>>;
}

export const recorded = (machine: Machine): BridgeSource => ({
  output: async (program, args) => machine.outputs[[program, ...args].join(' ')],
  file: (path) => {
    const text = machine.files[path];
    return text === undefined ? undefined : { text, mode: path.endsWith('.nmconnection') ? 0o600 : 0o644 };
  },
  end: (path, maxBytes) => machine.files[path]?.slice(-maxBytes),
  list: (path) =>
    Object.keys(machine.files).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : [])),
  exists: (path) => machine.files[path] !== undefined || machine.directories?.includes(path) === true,
  which: (program) => (machine.programs.includes(program) ? `/usr/sbin/${program}` : undefined),
  hostname: () => 'red',
  commandLine: (pid) => machine.processes?.[pid],
});

const address = (family: string, local: string, prefixlen: number) => ({ family, local, prefixlen });

const lo = { ifname: 'lo', flags: ['LOOPBACK', 'UP'], addr_info: [address('inet', '127.0.0.1', 8)] };
const eth0 = {
  ifname: 'eth0',
  flags: ['BROADCAST', 'UP'],
  addr_info: [address('inet6', 'fe80::dea6:32ff:fe00:1', 64)],
};
const wlan0 = { ifname: 'wlan0', flags: ['BROADCAST', 'UP'], addr_info: [address('inet', '192.168.1.23', 24)] };

const routes = [
  { dst: 'default', gateway: '192.168.1.1', dev: 'wlan0', metric: 600 },
  { dst: '192.168.1.0/24', dev: 'wlan0', metric: 600 },
];

const links = (interfaces: readonly object[]): Readonly<Record<string, string>> => ({
  'ip -json address': JSON.stringify(interfaces),
  'ip -json -4 route': JSON.stringify(routes),
  'ip -json -6 route show default': '[ ]',
});

/** A Pi with Wi-Fi to the internet and a wired side for the cluster, its system yet without a network manager. */
const pi: Machine = {
  outputs: links([lo, eth0, wlan0]),
  files: {
    '/etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    '/etc/resolv.conf': 'nameserver 192.168.1.1\n',
    '/proc/sys/net/ipv4/ip_forward': '0\n',
    '/proc/sys/net/ipv6/conf/all/forwarding': '0\n',
    '/proc/sys/net/ipv6/conf/wlan0/accept_ra': '1\n',
  },
  directories: ['/sys/class/net/wlan0/wireless'],
  programs: ['ip', 'nft', 'dnsmasq'],
};

const noDnsmasq = 'LoadState=not-found\nActiveState=inactive\nUnitFileState=\nMainPID=0\n';
const show = (name: string) => `systemctl show --property LoadState,ActiveState,UnitFileState,MainPID ${name}.service`;

/** What a machine has more, or has otherwise. */
export const change = (machine: Machine, more: Partial<Machine>): Machine => ({
  ...machine,
  ...more,
  outputs: { ...machine.outputs, ...more.outputs },
  files: { ...machine.files, ...more.files },
  directories: [...(machine.directories ?? []), ...(more.directories ?? [])],
});

const withSystemd = change(pi, {
  outputs: Object.fromEntries(
    ['dnsmasq', 'piburn-bridge', 'piburn-bridge-dnsmasq'].map((name) => [show(name), noDnsmasq]),
  ),
  directories: ['/run/systemd/system'],
});

export const machines = {
  /** No systemd, no network manager. */
  container: pi,
  /** Raspberry Pi OS 12: NetworkManager, no dnsmasq and no nftables yet. */
  bookworm: change(withSystemd, {
    outputs: {
      'nmcli -t -f DEVICE,STATE,CONNECTION device':
        'wlan0:connected:preconfigured\neth0:connected:Wired connection 1\nlo:unmanaged:\n',
    },
    programs: ['ip'],
  }),
  /** Raspberry Pi OS 11: dhcpcd. */
  bullseye: change(withSystemd, {
    outputs: { 'systemctl is-active dhcpcd.service': 'active\n' },
    files: { '/etc/dhcpcd.conf': 'hostname\npersistent\noption rapid_commit\n' },
  }),
  networkd: change(withSystemd, { outputs: { 'systemctl is-active systemd-networkd.service': 'active\n' } }),
  ifupdown: change(withSystemd, {
    files: { '/etc/network/interfaces': 'source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n' },
    programs: ['ip', 'nft', 'dnsmasq', 'ifup'],
  }),
} as const;

/** Debian's dnsmasq, installed and running; `pid` 0: it does not run. */
export const withDnsmasq = (machine: Machine, pid = 612): Machine =>
  change(machine, {
    outputs: {
      [show('dnsmasq')]:
        `LoadState=loaded\nActiveState=${pid === 0 ? 'inactive' : 'active'}\nUnitFileState=enabled\nMainPID=${pid}\n`,
    },
    files: {
      '/etc/default/dnsmasq': 'CONFIG_DIR=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new\n',
      '/etc/dnsmasq.conf': '# all of it comments\n',
    },
    programs: [...new Set([...machine.programs, 'dnsmasq'])],
  });

/** Other interfaces than eth0 and wlan0. */
export const withInterface = (machine: Machine, name: string, ip: string, prefixLength: number): Machine =>
  change(machine, {
    outputs: {
      'ip -json address': JSON.stringify([
        lo,
        eth0,
        wlan0,
        { ifname: name, flags: ['UP'], addr_info: [address(ip.includes(':') ? 'inet6' : 'inet', ip, prefixLength)] },
      ]),
    },
  });

/** eth0 has an address already. */
export const withAddress = (machine: Machine, ip: string, prefixLength = 24): Machine =>
  change(machine, {
    outputs: {
      'ip -json address': JSON.stringify([lo, { ...eth0, addr_info: [address('inet', ip, prefixLength)] }, wlan0]),
    },
  });

export const listening = (machine: Machine, ...lines: readonly string[]): Machine =>
  change(machine, { outputs: { 'ss -H -lunpt': lines.join('\n') } });
