// firstrun.sh for a node: the steps that are the same for all, and the calls with this node's values.

import type { Node, NodeUser } from '../../protocol.js';
import { parseKeymap } from '../settings-check.js';
import { clusterHostLines } from './cluster-hosts.js';
import { withKernelWords } from './cmdline.js';
import { firstbootFiles } from './firstboot.js';
import { firstrunSteps } from './firstrun-steps.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { earlierRegulatoryWord, regulatoryWord } from './radio.js';
import { type ShellCall, shellCall, shellCallWithInput, writeCalls } from './shell-call.js';

const earlierRun = String.raw`systemd\.run(?:_\w+)?=\S*|systemd\.unit=kernel-command-line\.target`;

/** In place of a password hash: matches no password, but does not lock the account, so that keys still log in. */
const noPassword = '*';

/** firstrun.sh with what belongs to it. `network` are the calls that set up the network of this kind of image. */
export function firstrunScriptFiles(input: FlavourInput, network: readonly ShellCall[]): BootFile[] {
  const { node, boot, bootMount } = input;
  const secrets = [node.user?.passwordHash, node.wifi?.psk].filter((secret) => secret !== undefined);
  const text = `${firstrunSteps}\n${writeCalls(callsFor(input, network))}exit 0\n`;
  // These must stay last on the line: the script cuts it from systemd.run on.
  const words = [
    ...regulatoryWord(node.country),
    `systemd.run=${bootMount}/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target`,
  ];
  return [
    { path: 'firstrun.sh', text, secrets: secrets.filter((secret) => text.includes(secret)) },
    ...firstbootFiles(node),
    {
      path: boot.cmdlinePath ?? 'cmdline.txt',
      text: withKernelWords(boot.cmdline, earlierWords(node), words.join(' ')),
      secrets: [],
    },
  ];
}

/** A country that the image names stays when no other is given. */
const earlierWords = ({ country }: Node): RegExp =>
  new RegExp(String.raw`(?:^|\s)(?:${earlierRun}${country === undefined ? '' : `|${earlierRegulatoryWord}`})`, 'g');

function callsFor({ node, boot, burnId }: FlavourInput, network: readonly ShellCall[]): ShellCall[] {
  const hosts = clusterHostLines(node);
  return [
    ...(node.hostname === '' ? [] : [shellCall('set_hostname', node.hostname)]),
    ...(hosts.length === 0 ? [] : [shellCallWithInput('add_hosts', [], hosts)]),
    ...(node.user ? userCalls(node.user) : []),
    shellCall('enable_ssh'),
    ...network,
    ...(node.wifi || node.country !== undefined ? [shellCall('unblock_wifi')] : []),
    ...regionCalls(node),
    ...(node.firstboot === undefined ? [] : [shellCall('keep_firstboot', burnId)]),
    shellCall(
      'take_itself_off',
      ...(boot.cmdlinePath === undefined || boot.cmdlinePath === 'cmdline.txt' ? [] : [boot.cmdlinePath]),
    ),
  ];
}

/** Keys go in before the user is renamed: renaming moves the home folder. */
function userCalls(user: NodeUser): ShellCall[] {
  return [
    ...(user.authorizedKeys.length === 0 ? [] : [shellCall('authorize_keys', ...user.authorizedKeys)]),
    shellCall('rename_user', user.name, user.passwordHash ?? noPassword),
    ...(user.passwordHash === undefined ? [shellCall('allow_sudo', user.name)] : []),
    shellCall('allow_ssh_passwords', user.passwordHash === undefined ? 'no' : 'yes'),
  ];
}

function regionCalls({ locale, timezone, keymap }: Node): ShellCall[] {
  const keyboard = keymap === undefined ? undefined : parseKeymap(keymap, '--keymap');
  return [
    ...(locale === undefined ? [] : [shellCall('set_locale', locale)]),
    ...(timezone === undefined ? [] : [shellCall('set_timezone', timezone)]),
    ...(keyboard === undefined ? [] : [shellCall('set_keymap', keyboard.layout, keyboard.variant)]),
  ];
}
