// cloud-init inside an image that nobody feeds: on its first boot it would set up the network by DHCP, give the host a
// name and make its default user, over what is written here. Source: cloudinit.readthedocs.io, "Network configuration"
// and "Module reference". Whoever does feed it, such as by files on the boot partition, still has the last word.

import type { Node } from '../../protocol.js';
import { hasAddressing } from '../flavours/node-network.js';
import { toYaml } from '../flavours/yaml.js';
import type { RootDraft } from './root-draft.js';

const folder = '/etc/cloud/cloud.cfg.d';

/** Tells cloud-init to leave alone what the node has its own settings for. */
export function quietCloudInit(draft: RootDraft, node: Node): void {
  if (!draft.isFile('/etc/cloud/cloud.cfg') || draft.has('/etc/cloud/cloud-init.disabled')) return;
  const { hostname, user, wifi } = node;
  const settings = {
    ...(hostname === '' ? {} : { preserve_hostname: true, manage_etc_hosts: false }),
    ...(user ? { users: [], ssh_pwauth: user.passwordHash !== undefined } : {}),
    ...(hasAddressing(node) || wifi ? { network: { config: 'disabled' } } : {}),
  };
  if (Object.keys(settings).length === 0) return;
  // The last of the files counts.
  const text = `# Made by piburn.\n${toYaml(settings)}`;
  draft.write(`${folder}/zz-piburn.cfg`, text, { mode: 0o644, uid: 0, gid: 0 });
}
