// What a card is, from what its boot partition asks for and what its root file system has. Secrets stay behind here: of a
// password and of a Wi-Fi key only remains whether there is one.

import { given } from '../../given.js';
import type { CardFacts, Node } from '../../protocol.js';
import type { DetectedFlavour } from '../detect.js';
import { type BootSettings, kernelCountryOf, readBootSettings } from './boot-settings.js';
import { describeKeys } from './key-fingerprint.js';
import { type RootSettings, readRootSettings } from './root-settings.js';
import type { VolumeView } from './view.js';

export interface CardVolumes {
  readonly boot: VolumeView;
  readonly root?: VolumeView;
  readonly how: DetectedFlavour;
}

export type SettingsFacts = Omit<CardFacts, 'target' | 'kind' | 'notes'>;

export function readCardFacts({ boot, root, how }: CardVolumes): SettingsFacts {
  const settings = readBootSettings(boot, how);
  const inRoot = root && readRootSettings(root);
  const isApplied = inRoot?.instances.includes(settings.instanceId ?? '') ?? false;
  // A script has gone once it has run; cloud-init's files stay, and the running system may have been changed since.
  const first = isApplied ? inRoot?.node : settings.node;
  const second = isApplied ? settings.node : inRoot?.node;
  const isOurs = settings.burnId !== undefined || settings.origin === 'piburn' || inRoot?.hasTraces === true;
  return {
    flavour: how.flavour,
    flavourReason: how.reason,
    origin: settings.origin === 'image' && inRoot?.hasTraces === true ? 'piburn' : settings.origin,
    foreignFiles: settings.foreign,
    waiting: settings.origin !== 'image' && !isApplied,
    ...given({
      os: how.facts.os,
      release: how.facts.release,
      burned: isOurs ? burnOf(settings) : undefined,
      booted: bootedOf(how, inRoot),
    }),
    ...shown(merged(first, second, kernelCountryOf(boot))),
  };
}

/** The time is part of the id, in UTC: `20260915T120000-ab12cd`. */
function burnOf({ instanceId, burnId }: BootSettings): NonNullable<CardFacts['burned']> {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?/.exec(burnId ?? '') ?? [];
  const at = year === undefined ? undefined : `${year}-${month}-${day}T${hour}:${minute}:${second ?? '00'}Z`;
  return given({ instanceId: burnId === undefined ? undefined : instanceId, burnId, at });
}

/** Signs of a boot weigh more than words of cmdline.txt that are still there or not. */
function bootedOf(how: DetectedFlavour, inRoot: RootSettings | undefined): boolean | undefined {
  if (inRoot !== undefined && (inRoot.hasBooted || inRoot.instances.length > 0)) return true;
  return how.facts.booted;
}

/** Settings that belong together come from one place: addresses, the user, the Wi-Fi network. */
function merged(first: Node | undefined, second: Node | undefined, kernelCountry: string | undefined): Node {
  const [one, other] = [first ?? { hostname: '', dns: [] }, second ?? { hostname: '', dns: [] }];
  const hasNetwork = one.ipv4 !== undefined || one.ipv6 !== undefined || one.dns.length > 0;
  const { interface: name, ipv4, gateway, ipv6, gateway6, dns, search } = hasNetwork ? one : other;
  return {
    hostname: one.hostname || other.hostname,
    dns,
    ...given({
      interface: name,
      ipv4,
      gateway,
      ipv6,
      gateway6,
      search,
      user: one.user ?? other.user,
      wifi: one.wifi ?? other.wifi,
      country: one.country ?? other.country ?? kernelCountry,
      locale: one.locale ?? other.locale,
      timezone: one.timezone ?? other.timezone,
      keymap: one.keymap ?? other.keymap,
      hosts: one.hosts ?? other.hosts,
      firstboot: one.firstboot ?? other.firstboot,
    }),
  };
}

type Shown = Pick<
  CardFacts,
  'addresses' | 'dns' | 'search' | 'keys' | 'clusterHosts' | 'firstboot' | 'hostname' | 'user' | 'password' | 'wifi'
>;

function shown(node: Node): Shown {
  const { ipv4, ipv6, user, wifi, hosts, dns, search, firstboot, hostname } = node;
  const { interface: name, gateway, gateway6, country, locale, timezone, keymap } = node;
  const addresses = [ipv4, ipv6].flatMap((own) => (own ? [`${own.address}/${own.prefixLength}`] : []));
  return {
    addresses,
    dns,
    search: search ?? [],
    keys: describeKeys(user?.authorizedKeys ?? []),
    clusterHosts: new Set(hosts?.map(({ names }) => names[0])).size,
    firstboot: firstboot !== undefined,
    ...given({
      hostname: hostname === '' ? undefined : hostname,
      interface: addresses.length === 0 && dns.length === 0 ? undefined : (name ?? 'eth0'),
      gateway,
      gateway6,
      user: user?.name,
      password: user && (user.passwordHash === undefined ? ('locked' as const) : ('set' as const)),
      wifi: wifi && { ssid: wifi.ssid, hidden: wifi.hidden, secured: wifi.psk !== undefined },
      country,
      locale,
      timezone,
      keymap,
    }),
  };
}
