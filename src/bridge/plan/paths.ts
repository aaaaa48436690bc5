// Where the bridge keeps things. Every file here is ours alone, but for dhcpcd's and ifupdown's.

export const stateDirectory = '/var/lib/piburn/bridge';

export const paths = {
  state: `${stateDirectory}/state.json`,
  /** Reservations in the form of dnsmasq's --dhcp-hostsfile: `[MAC,]NAME,ADDRESS` on a line. SIGHUP rereads it. */
  dhcpHosts: `${stateDirectory}/dhcp-hosts`,
  /** Their names in the form of hosts(5), for dnsmasq's --addn-hosts. SIGHUP rereads it. */
  hosts: `${stateDirectory}/hosts`,
  leases: `${stateDirectory}/dnsmasq.leases`,
  pid: `${stateDirectory}/dnsmasq.pid`,
  log: `${stateDirectory}/dnsmasq.log`,
  /** Of the process that starts dnsmasq again, without systemd. */
  keeperPid: `${stateDirectory}/keeper.pid`,
  /** The copy of a file that dnsmasq or nft judges. */
  check: `${stateDirectory}/check`,
  /** Not in the state directory, which `delete` removes: a lock file is never removed while somebody may wait for it. */
  lock: '/run/piburn-bridge.lock',
  dnsmasq: '/etc/dnsmasq.d/piburn.conf',
  /** Of the dnsmasq in a unit of our own: no other one reads it. */
  ownDnsmasq: '/etc/piburn/dnsmasq.conf',
  ownDnsmasqPid: '/run/piburn-bridge-dnsmasq.pid',
  nft: '/etc/piburn/bridge.nft',
  nftDirectory: '/etc/piburn',
  /** Of older piburns: read at a boot before any rule is loaded. */
  sysctl: '/etc/sysctl.d/90-piburn-bridge.conf',
  unit: '/etc/systemd/system/piburn-bridge.service',
  dnsmasqUnit: '/etc/systemd/system/piburn-bridge-dnsmasq.service',
  networkManager: '/etc/NetworkManager/system-connections/piburn-bridge.nmconnection',
  networkd: '/etc/systemd/network/05-piburn-bridge.network',
  ifupdown: '/etc/network/interfaces.d/piburn-bridge',
  dhcpcd: '/etc/dhcpcd.conf',
  interfaces: '/etc/network/interfaces',
} as const;

/** Files that exist because of us only; `delete` takes them for leftovers when no state speaks of them. */
export const ownFiles: readonly string[] = [
  paths.dnsmasq,
  paths.ownDnsmasq,
  paths.nft,
  paths.sysctl,
  paths.unit,
  paths.dnsmasqUnit,
  paths.networkManager,
  paths.networkd,
  paths.ifupdown,
];

/** Files of others in which we may keep a marked block. */
export const sharedFiles: readonly string[] = [paths.dhcpcd, paths.interfaces];

/** First line of every file of ours, which tells it from anybody else's. */
export const headLine = '# Made by `piburn bridge create`; removed by `piburn bridge delete`.';

export const units = { bridge: 'piburn-bridge.service', dnsmasq: 'piburn-bridge-dnsmasq.service' } as const;

/** A file of ours: the head line, then these lines. */
export const ownText = (lines: readonly string[]): string => `${[headLine, ...lines].join('\n')}\n`;

const blockBegin = '# piburn bridge: begin (removed by `piburn bridge delete`)';
const blockEnd = '# piburn bridge: end';

/** The text with our block at its end, in the place of an older one. */
export function withBlock(text: string, lines: readonly string[]): string {
  const rest = withoutBlock(text);
  const gap = rest === '' || rest.endsWith('\n') ? '' : '\n';
  return `${rest}${gap}${[blockBegin, ...lines, blockEnd].join('\n')}\n`;
}

/** The text without our block. */
export function withoutBlock(text: string): string {
  const begin = text.indexOf(`${blockBegin}\n`);
  const end = text.indexOf(`${blockEnd}\n`, begin);
  return begin < 0 || end < 0 ? text : text.slice(0, begin) + text.slice(end + blockEnd.length + 1);
}
