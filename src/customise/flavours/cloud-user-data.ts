// cloud-init's user-data for a node: what its distributions have in common. Formats: cloudinit.readthedocs.io, "Module
// reference".

import type { Node, NodeUser } from '../../protocol.js';
import { parseKeymap } from '../settings-check.js';
import { blockBegin, blockEnd, clusterHostLines } from './cluster-hosts.js';
import { installFirstboot } from './firstboot.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { readYamlMapping, toYaml, type YamlValue } from './yaml.js';

type Mapping = { readonly [key: string]: YamlValue };

/** A crypt(3) hash, of this node or of the image's own users. */
const hashes = /\$(?:[156]|y|2[aby]?)\$[A-Za-z0-9./$=,_-]{8,256}/g;

/** The file user-data. `commands` run once, after everything else that cloud-init does. */
export function userDataFile(input: FlavourInput, commands: readonly YamlValue[]): BootFile {
  const text = userDataText(input, [...commands, ...hostCommands(input.node)]);
  const hash = input.node.user?.passwordHash;
  const secrets = [...(hash === undefined ? [] : [hash]), ...(text.match(hashes) ?? [])];
  return { path: 'user-data', text, secrets: [...new Set(secrets)] };
}

function userDataText(input: FlavourInput, runcmd: readonly YamlValue[]): string {
  const { node } = input;
  return `#cloud-config\n${toYaml({
    // `localhost` keeps the lines that people add to /etc/hosts; `true` would write the file anew at every boot.
    ...(node.hostname === '' ? {} : { hostname: node.hostname, manage_etc_hosts: 'localhost' }),
    ...(node.locale === undefined ? {} : { locale: node.locale }),
    ...(node.timezone === undefined ? {} : { timezone: node.timezone }),
    ...(node.keymap === undefined ? {} : { keyboard: keyboard(node.keymap) }),
    ...(node.user ? userKeys(node.user) : loginOf(input.boot.userData)),
    ...(node.firstboot === undefined ? {} : { bootcmd: [firstbootCommand(input)] }),
    ...(runcmd.length === 0 ? {} : { runcmd }),
  })}`;
}

function keyboard(keymap: string): Mapping {
  const { layout, variant } = parseKeymap(keymap, '--keymap');
  return { model: 'pc105', layout, ...(variant === '' ? {} : { variant }) };
}

const userKeys = (user: NodeUser): Mapping => ({ user: userEntry(user), ssh_pwauth: user.passwordHash !== undefined });

/** The singular `user:` merges with the image's default user and keeps its groups; a `users:` list would not. */
function userEntry(user: NodeUser): YamlValue {
  return {
    name: user.name,
    // The account that Raspberry Pi OS has already has nologin until something changes it.
    shell: '/bin/bash',
    ...(user.passwordHash === undefined
      ? { lock_passwd: true, sudo: 'ALL=(ALL) NOPASSWD:ALL' }
      : { lock_passwd: false, passwd: user.passwordHash, sudo: null }),
    ...(user.authorizedKeys.length === 0 ? {} : { ssh_authorized_keys: user.authorizedKeys }),
  };
}

const loginKeys = ['user', 'users', 'password', 'chpasswd', 'ssh_pwauth', 'ssh_authorized_keys', 'ssh_import_id'];

/** How one logs in to the image as it is, such as Ubuntu's `ubuntu` with a password to be changed at once. */
function loginOf(userData: string | undefined): Mapping {
  const image = userData?.startsWith('#cloud-config') ? readYamlMapping(userData) : undefined;
  return Object.fromEntries(loginKeys.flatMap((key) => (image?.[key] == null ? [] : [[key, image[key]]])));
}

/**
 * At every boot, because cloud-init does everything else once only, even if the power fails on the way; the function
 * does nothing when the script has left the boot partition. cloud-final.service is cloud-init's last.
 */
function firstbootCommand({ bootMount, burnId }: FlavourInput): YamlValue {
  const script = `${installFirstboot}
mountpoint -q "$1" || mount "$1"
[ -e "$1/piburn-firstboot" ] || exit 0
install_firstboot "$1" "$2" cloud-init.target cloud-final.service &&
  systemctl daemon-reload &&
  systemctl --no-block start piburn-firstboot.service
`;
  return ['sh', '-c', script, 'piburn', bootMount, burnId];
}

/** The same lines again take the place of the earlier ones. */
const hostsScript = `hosts=/etc/hosts
cp -p "$hosts" "$hosts.piburn" &&
  sed -i '/^${blockBegin}$/,/^${blockEnd}$/d' "$hosts.piburn" &&
  { [ -z "$(tail -c 1 "$hosts.piburn")" ] || echo >>"$hosts.piburn"; } &&
  printf '%s\\n' '${blockBegin}' "$@" '${blockEnd}' >>"$hosts.piburn" &&
  mv "$hosts.piburn" "$hosts"
`;

function hostCommands(node: Node): YamlValue[] {
  const lines = clusterHostLines(node);
  return lines.length === 0 ? [] : [['sh', '-c', hostsScript, 'piburn', ...lines]];
}
