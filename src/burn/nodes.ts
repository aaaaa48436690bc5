// From settings in words to nodes: every value is checked before anything is opened, and every complaint says where the
// value was written.

import {
  checkHostname,
  parseAnyHostAddress,
  parseHostAddress,
  parseHostAddress6,
  parseIpv4,
  parseIpv6,
  sameNet,
  sameNet6,
} from '../address.js';
import { hashPassword, isPasswordHash } from '../customise/password.js';
import {
  checkCountry,
  checkDomain,
  checkInterface,
  checkKeymap,
  checkLocale,
  checkSsid,
  checkTimezone,
  checkUserName,
} from '../customise/settings-check.js';
import { readPublicKeys } from '../customise/ssh-key.js';
import { wifiPsk } from '../customise/wifi-psk.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import type { HostEntry, Node, NodeUser, NodeWifi } from '../protocol.js';
import type { NodeSettingName, NodeSettings } from './config/settings.js';
import { defaults } from './options.js';
import { readExtraFiles, readFirstboot } from './payload.js';
import { randomPassword } from './random-password.js';

export interface PlannedNodes {
  readonly nodes: readonly Node[];
  /** Passwords that were made up, by host name; they are told once, in the report. */
  readonly passwords: ReadonlyMap<string, string>;
}

/** What is made once for many nodes: a hash or a key takes its time, and a file is read once. */
class Made {
  /** Where keys are looked for. */
  readonly home: string;
  readonly passwords = new Map<string, string>();
  readonly #known = new Map<string, unknown>();

  constructor(home: string) {
    this.home = home;
  }

  once<T>(what: string, make: () => T): T {
    const found = this.#known.get(what);
    if (found !== undefined) return found as T;
    const made = make();
    this.#known.set(what, made);
    return made;
  }
}

/**
 * The nodes of a run, in the order in which they were named.
 * @throws PiburnError (usage) for any value that is none, and for values that contradict each other.
 */
export function planNodes(
  settings: readonly NodeSettings[],
  clusterHosts: boolean | undefined,
  home: string,
): PlannedNodes {
  const made = new Made(home);
  const nodes = settings.map((one) => nodeOf(one, made));
  const hosts = clusterHosts === false ? [] : hostsOf(nodes);
  if (clusterHosts && hosts.length === 0)
    throw usageError('OPTION_WITHOUT_EFFECT', '--cluster-hosts has no effect without static addresses', {
      hint: 'give addresses with --ipaddr or --ip6addr, or leave it out',
    });
  return { nodes: nodes.map((node) => (hosts.length === 0 ? node : { ...node, hosts })), passwords: made.passwords };
}

const hostsOf = (nodes: readonly Node[]): HostEntry[] =>
  nodes.flatMap(({ hostname, ipv4, ipv6 }) =>
    [ipv4, ipv6].flatMap((net) => (net === undefined ? [] : [{ address: net.address, names: [hostname] }])),
  );

function nodeOf(node: NodeSettings, made: Made): Node {
  const { settings } = node;
  const label = (name: NodeSettingName): string => node.labels[name] ?? `--${name}`;
  const checked = (name: 'interface' | 'country' | 'locale' | 'timezone' | 'keymap') => {
    const value = settings[name];
    if (value !== undefined && !(value === keepWord && regional.includes(name))) checks[name](value, label(name));
    return value;
  };
  checkHostname(settings.hostname, label('hostname'));
  const network = networkOf(node, label);
  return {
    hostname: settings.hostname,
    ...network,
    search: (settings.search ?? []).map((domain) => checkedDomain(domain, label('search'))),
    ...given({
      interface: checked('interface'),
      user: userOf(node, label, made),
      wifi: wifiOf(node, label, made),
      country: checked('country'),
      locale: checked('locale'),
      timezone: checked('timezone'),
      keymap: checked('keymap'),
      files:
        made.once(`files ${settings.files}`, () => settings.files && readExtraFiles(settings.files, label('files'))) ||
        undefined,
      firstboot:
        made.once(
          `firstboot ${settings.firstboot}`,
          () => settings.firstboot && readFirstboot(settings.firstboot, label('firstboot')),
        ) || undefined,
    }),
  };
}

const checks = {
  interface: checkInterface,
  country: checkCountry,
  locale: checkLocale,
  timezone: checkTimezone,
  keymap: checkKeymap,
} as const;

/** In place of a locale, time zone or keymap: what the image has stays. */
export const keepWord = 'image';
const regional: readonly string[] = ['locale', 'timezone', 'keymap'];

function checkedDomain(domain: string, label: string): string {
  checkDomain(domain, label);
  return domain;
}

type Label = (name: NodeSettingName) => string;
type Network = Pick<Node, 'dns' | 'ipv4' | 'ipv6' | 'gateway' | 'gateway6'>;

function networkOf({ settings }: NodeSettings, label: Label): Network {
  const ipv4 = settings.ipaddr === undefined ? undefined : parseIpv4(settings.ipaddr, label('ipaddr'));
  const ipv6 = settings.ip6addr === undefined ? undefined : parseIpv6(settings.ip6addr, label('ip6addr'));
  const gateway = settings.gateway === undefined ? undefined : parseHostAddress(settings.gateway, label('gateway'));
  const gateway6 =
    settings.gateway6 === undefined ? undefined : parseHostAddress6(settings.gateway6, label('gateway6'));
  const dns = (settings.dns ?? []).map((server) => parseAnyHostAddress(server, label('dns')));
  if (gateway !== undefined) checkGateway(gateway, ipv4, 'ipaddr', label('gateway'), ipv4 && sameNet(ipv4, gateway));
  if (gateway6 !== undefined)
    checkGateway(gateway6, ipv6, 'ip6addr', label('gateway6'), ipv6 && sameNet6(ipv6, gateway6));
  return { dns, ...given({ ipv4, ipv6, gateway, gateway6 }) };
}

/** A gateway without a static address would have no effect, and neither would one outside the net. */
function checkGateway(
  gateway: string,
  net: { readonly address: string; readonly prefixLength: number } | undefined,
  option: string,
  label: string,
  isInNet: boolean | undefined,
): void {
  if (net === undefined)
    throw usageError('OPTION_WITHOUT_EFFECT', `${label} has no effect without --${option}`, {
      hint: `give the static addresses with --${option}, or leave the gateway to the network itself`,
    });
  if (net.address === gateway)
    throw usageError('GATEWAY_IS_NODE', `${gateway} is both the gateway and the address of a card`, {
      hint: 'give the gateway an address of its own',
    });
  if (isInNet) return;
  throw usageError(
    'GATEWAY_OUTSIDE_NET',
    `the gateway ${gateway} is not in the net of ${net.address}/${net.prefixLength}`,
    {
      hint: `check ${label}, or give the prefix with the address, such as --ipaddr=10.1.1.[2-4]/16`,
    },
  );
}

/** The user of a card; undefined when neither a key nor a password was given: then the image's own is left alone. */
function userOf({ settings }: NodeSettings, label: Label, made: Made): NodeUser | undefined {
  const keys = (settings.sshkey ?? []).flatMap((value) =>
    made.once(`key ${value}`, () => readPublicKeys(value, made.home)),
  );
  if (settings.user !== undefined) checkUserName(settings.user, label('user'));
  if (keys.length === 0 && settings.passwd === undefined) {
    if (settings.user === undefined) return undefined;
    throw usageError(
      'USER_WITHOUT_LOGIN',
      `nobody could log in as ${settings.user}: there is neither a key nor a password`,
      { hint: 'add --sshkey=default or --passwd' },
    );
  }
  return {
    name: settings.user ?? defaults.userName,
    authorizedKeys: [...new Set(keys)],
    ...given({ passwordHash: passwordHash(settings.hostname, settings.passwd, made) }),
  };
}

function passwordHash(hostname: string, password: string | undefined, made: Made): string | undefined {
  if (password === undefined) return undefined;
  if (isPasswordHash(password)) return password;
  if (password !== 'random') return made.once(`hash ${password}`, () => hashPassword(password));
  const random = randomPassword();
  made.passwords.set(hostname, random);
  return hashPassword(random);
}

function wifiOf({ settings }: NodeSettings, label: Label, made: Made): NodeWifi | undefined {
  const { ssid, wifipassword, hidden } = settings;
  if (ssid === undefined) {
    const lonely = wifipassword !== undefined ? 'wifipassword' : hidden ? 'hidden' : undefined;
    if (lonely === undefined) return undefined;
    throw usageError('OPTION_WITHOUT_EFFECT', `${label(lonely)} has no effect without --ssid`, {
      hint: 'name the network with --ssid',
    });
  }
  checkSsid(ssid, label('ssid'));
  const psk =
    wifipassword === undefined
      ? undefined
      : made.once(`psk ${JSON.stringify([ssid, wifipassword])}`, () =>
          wifiPsk(ssid, wifipassword, label('wifipassword')),
        );
  return { ssid, hidden: hidden ?? false, ...given({ psk }) };
}
