// Raspberry Pi OS before cloud-init (buster to the first trixie): a shell script on the boot partition, which
// systemd runs once because the kernel's command line says so (systemd-run-generator(8)).

import type { Node, NodeUser } from '../../protocol.js';
import { withKernelWords } from './cmdline.js';
import { firstrunSteps } from './firstrun-steps.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { hereDocument, shellQuote } from './shell-quote.js';
import { dhcpcdLines, networkManagerProfile } from './wired-network.js';

const earlierRun = /(?:^|\s)(?:systemd\.run(?:_\w+)?=\S*|systemd\.unit=kernel-command-line\.target)/g;

/** In place of a password hash: matches no password, but does not lock the account, so that keys still log in. */
const noPassword = '*';

export function firstrunFiles({ node, boot, bootMount }: FlavourInput): BootFile[] {
  const hash = node.user?.passwordHash;
  // These must stay last on the line: the script cuts it from the first of them on.
  const words = `systemd.run=${bootMount}/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target`;
  return [
    { path: 'firstrun.sh', text: firstrunScript(node), secrets: hash === undefined ? [] : [hash] },
    { path: 'cmdline.txt', text: withKernelWords(boot.cmdline, earlierRun, words), secrets: [] },
  ];
}

function firstrunScript(node: Node): string {
  const calls = [
    ...(node.hostname === '' ? [] : [`set_hostname ${shellQuote(node.hostname)}`]),
    ...(node.user ? userCalls(node.user) : []),
    'systemctl enable ssh',
    ...networkCalls(node),
    'take_itself_off',
    'exit 0',
  ];
  return `${firstrunSteps}\n${calls.join('\n')}\n`;
}

/** Keys go in before the user is renamed: renaming moves the home folder. */
function userCalls(user: NodeUser): string[] {
  const name = shellQuote(user.name);
  return [
    ...(user.authorizedKeys.length === 0 ? [] : [`authorize_keys ${user.authorizedKeys.map(shellQuote).join(' ')}`]),
    `rename_user ${name} ${shellQuote(user.passwordHash ?? noPassword)}`,
    ...(user.passwordHash === undefined ? [`allow_sudo ${name}`] : []),
    `allow_ssh_passwords ${user.passwordHash === undefined ? 'no' : 'yes'}`,
  ];
}

function networkCalls(node: Node): string[] {
  if (!node.ipv4 && node.dns.length === 0) return [];
  return [
    'if uses_network_manager; then',
    `  write_profile ${hereDocument(networkManagerProfile(node))}`,
    'else',
    `  add_to_dhcpcd ${hereDocument(dhcpcdLines(node))}`,
    'fi',
  ];
}
