// Raspberry Pi OS since November 2025 (trixie): cloud-init with its NoCloud files on the boot partition.
// Formats: cloudinit.readthedocs.io, "NoCloud", "Module reference" and "Networking config version 2".

import type { Node, NodeUser } from '../../protocol.js';
import { withKernelWords } from './cmdline.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { toYaml, type YamlValue } from './yaml.js';

const earlierSeed = /(?:^|\s)ds=nocloud\S*/g;

export function cloudinitFiles({ node, boot, burnId }: FlavourInput): BootFile[] {
  const instanceId = ['piburn', node.hostname, burnId].filter((part) => part !== '').join('-');
  const hash = node.user?.passwordHash;
  return [
    { path: 'user-data', text: `#cloud-config\n${toYaml(userData(node))}`, secrets: hash === undefined ? [] : [hash] },
    { path: 'meta-data', text: toYaml({ dsmode: 'local', 'instance-id': instanceId }), secrets: [] },
    ...networkConfig(node),
    // Raspberry Pi OS turns ssh on when it sees this file, even if cloud-init should fail.
    { path: 'ssh', text: '', secrets: [] },
    // The id stands here as well because cloud-init recognises a known instance by the kernel's command line only.
    {
      path: 'cmdline.txt',
      text: withKernelWords(boot.cmdline, earlierSeed, `ds=nocloud;i=${instanceId}`),
      secrets: [],
    },
  ];
}

function userData(node: Node): YamlValue {
  return {
    // `localhost` keeps the lines that people add to /etc/hosts; `true` would write the file anew at every boot.
    ...(node.hostname === '' ? {} : { hostname: node.hostname, manage_etc_hosts: 'localhost' }),
    ...(node.user ? { user: userEntry(node.user), ssh_pwauth: node.user.passwordHash !== undefined } : {}),
    runcmd: [['systemctl', 'enable', '--now', 'ssh']],
  };
}

/** The singular `user:` merges with the image's default user and keeps its groups; a `users:` list would not. */
function userEntry(user: NodeUser): YamlValue {
  return {
    name: user.name,
    // The image's own account has nologin until something changes it.
    shell: '/bin/bash',
    ...(user.passwordHash === undefined
      ? { lock_passwd: true, sudo: 'ALL=(ALL) NOPASSWD:ALL' }
      : { lock_passwd: false, passwd: user.passwordHash, sudo: null }),
    ...(user.authorizedKeys.length === 0 ? {} : { ssh_authorized_keys: user.authorizedKeys }),
  };
}

/** No file when nothing is asked for: then the image's own DHCP stays. */
function networkConfig(node: Node): BootFile[] {
  if (!node.ipv4 && node.dns.length === 0) return [];
  const eth0 = {
    dhcp4: node.ipv4 === undefined,
    ...(node.ipv4 ? { addresses: [`${node.ipv4.address}/${node.ipv4.prefixLength}`] } : {}),
    ...(node.gateway === undefined ? {} : { routes: [{ to: 'default', via: node.gateway }] }),
    ...(node.dns.length === 0 ? {} : { nameservers: { addresses: node.dns } }),
    // Booting does not wait for a cable.
    optional: true,
  };
  return [{ path: 'network-config', text: toYaml({ network: { version: 2, ethernets: { eth0 } } }), secrets: [] }];
}
