// What a config file, an inventory and the command line may set, as one table: names are those of the command line's
// options. From it follow what a file may say, how a value is written, and the types of what has been read.

/** `text`: one value; `hosts`: a hostlist; `list`: one or more values; `switch`: yes or no. */
export type SettingKind = 'text' | 'hosts' | 'list' | 'switch';

export interface Setting {
  readonly kind: SettingKind;
  /** `run`: the same for all nodes, and only once; `node`: each node may have its own. */
  readonly scope: 'run' | 'node';
  /** A value as a config file has it. */
  readonly example: string;
  /** What a relative path in a file becomes absolute as; see `place.ts`. */
  readonly place?: 'path' | 'image' | 'key' | 'targets';
  /** Never shown, and not for other users' eyes. */
  readonly secret?: true;
}

export const settingTable = {
  image: { kind: 'text', scope: 'run', example: 'latest-lite', place: 'image' },
  device: { kind: 'hosts', scope: 'run', example: '/dev/sd[a-f]', place: 'targets' },
  flavour: { kind: 'text', scope: 'run', example: 'cloudinit' },
  rootfs: { kind: 'switch', scope: 'run', example: 'no' },
  'cluster-hosts': { kind: 'switch', scope: 'run', example: 'yes' },
  verify: { kind: 'switch', scope: 'run', example: 'yes' },
  full: { kind: 'switch', scope: 'run', example: 'no' },
  delta: { kind: 'switch', scope: 'run', example: 'yes' },
  early: { kind: 'switch', scope: 'run', example: 'no' },
  bmap: { kind: 'switch', scope: 'run', example: 'yes' },
  keep: { kind: 'switch', scope: 'run', example: 'no' },
  'max-size': { kind: 'text', scope: 'run', example: '32GB' },
  store: { kind: 'text', scope: 'run', example: '/srv/piburn', place: 'path' },
  repo: { kind: 'text', scope: 'run', example: 'https://example.org/os_list.json', place: 'image' },
  sha256: { kind: 'text', scope: 'run', example: '64 hexadecimal digits' },
  decoder: { kind: 'text', scope: 'run', example: 'auto' },
  blocksize: { kind: 'text', scope: 'run', example: '4M' },
  size: { kind: 'text', scope: 'run', example: '8G' },
  'stall-timeout': { kind: 'text', scope: 'run', example: '120' },
  probe: { kind: 'switch', scope: 'run', example: 'yes' },
  format: { kind: 'switch', scope: 'run', example: 'no' },
  eject: { kind: 'switch', scope: 'run', example: 'yes' },
  auto: { kind: 'switch', scope: 'run', example: 'yes' },
  jobs: { kind: 'text', scope: 'run', example: '3' },
  retries: { kind: 'text', scope: 'run', example: '1' },
  wait: { kind: 'text', scope: 'run', example: '600' },
  report: { kind: 'text', scope: 'run', example: 'report.json', place: 'path' },
  'ssh-config': { kind: 'switch', scope: 'run', example: 'yes' },
  ansible: { kind: 'text', scope: 'run', example: 'inventory.yaml', place: 'path' },
  hosts: { kind: 'text', scope: 'run', example: 'hosts.txt', place: 'path' },

  hostname: { kind: 'hosts', scope: 'node', example: 'red[001-003]' },
  ipaddr: { kind: 'hosts', scope: 'node', example: '10.1.1.[2-4]/24' },
  ip6addr: { kind: 'hosts', scope: 'node', example: 'fd00::[2-4]/64' },
  gateway: { kind: 'text', scope: 'node', example: '10.1.1.1' },
  gateway6: { kind: 'text', scope: 'node', example: 'fd00::1' },
  dns: { kind: 'list', scope: 'node', example: '[9.9.9.9, 1.1.1.1]' },
  search: { kind: 'list', scope: 'node', example: '[lab.example.org]' },
  interface: { kind: 'text', scope: 'node', example: 'eth0' },
  user: { kind: 'text', scope: 'node', example: 'pi' },
  passwd: { kind: 'text', scope: 'node', example: 'random', secret: true },
  sshkey: { kind: 'list', scope: 'node', example: '[default, keys/alice.pub]', place: 'key' },
  ssid: { kind: 'text', scope: 'node', example: '"my network"' },
  wifipassword: { kind: 'text', scope: 'node', example: '"eight characters or more"', secret: true },
  hidden: { kind: 'switch', scope: 'node', example: 'yes' },
  country: { kind: 'text', scope: 'node', example: 'GB' },
  locale: { kind: 'text', scope: 'node', example: 'en_GB.UTF-8' },
  timezone: { kind: 'text', scope: 'node', example: 'Europe/London' },
  keymap: { kind: 'text', scope: 'node', example: 'gb' },
  files: { kind: 'text', scope: 'node', example: 'boot-files', place: 'path' },
  firstboot: { kind: 'text', scope: 'node', example: 'setup.sh', place: 'path' },
} as const satisfies Readonly<Record<string, Setting>>;

type Table = typeof settingTable;
export type SettingName = keyof Table;
export type NodeSettingName = { [N in SettingName]: Table[N]['scope'] extends 'node' ? N : never }[SettingName];
type ValueOf<K extends SettingKind> = K extends 'list' ? readonly string[] : K extends 'switch' ? boolean : string;

/** Settings by the names of their options, as they were written; only paths have become absolute. */
export type Settings = { readonly [N in SettingName]?: ValueOf<Table[N]['kind']> };
export type SettingValue = string | readonly string[] | boolean;

/** What each setting is called in messages: `cluster.yaml:7: gateway`, `--gateway`. */
export type Labels = { readonly [N in SettingName]?: string };

/** One node as a file or the command line describes it. */
export interface NodeSettings {
  /** The node's own: exactly one host name, at most one address of each kind. */
  readonly settings: Pick<Settings, NodeSettingName> & { readonly hostname: string };
  /** What it shall not have although all others do: written as an empty value. */
  readonly cleared: readonly NodeSettingName[];
  readonly labels: Labels;
  /** Where it begins in its file, counted from 1; 0 on the command line. */
  readonly line: number;
}

/** What a config file or an inventory says. */
export interface ConfigSettings {
  /** The file, as it was named. */
  readonly file: string;
  /** For the run and for all nodes. Names and addresses are in `nodes`, unless there are addresses without names. */
  readonly settings: Settings;
  readonly labels: Labels;
  readonly nodes: readonly NodeSettings[];
  readonly warnings: readonly string[];
}

export const settingOf = (name: SettingName): Setting => settingTable[name];
export const settingNames = Object.keys(settingTable) as SettingName[];

export const isNodeSetting = (name: SettingName): name is NodeSettingName => settingOf(name).scope === 'node';

/** Other names of settings. */
const aliases: Readonly<Record<string, SettingName>> = { ip: 'ipaddr' };

/** The setting of a name, if there is one. */
export function settingNamed(name: string): SettingName | undefined {
  if (Object.hasOwn(settingTable, name)) return name as SettingName;
  return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}
