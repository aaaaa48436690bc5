// Raspberry Pi OS since November 2025 (trixie): cloud-init with its NoCloud files on the boot partition.
// Formats: cloudinit.readthedocs.io, "NoCloud"; raspberrypi.com, "cloud-init on Raspberry Pi OS".

import type { Node } from '../../protocol.js';
import { metaDataText } from './cloud-meta-data.js';
import { userDataFile } from './cloud-user-data.js';
import { withKernelWords } from './cmdline.js';
import { firstbootFiles } from './firstboot.js';
import { type BootFile, cannotHonour, type FlavourInput } from './flavour.js';
import { isLostInKeyfile, netplanConfig } from './netplan.js';
import { earlierRegulatoryWord, regulatoryWord, unblockWifi } from './radio.js';
import { toYaml, type YamlValue } from './yaml.js';

export function cloudinitFiles(input: FlavourInput): BootFile[] {
  const { node, boot, burnId } = input;
  if (node.wifi && isLostInKeyfile(node.wifi.ssid)) throw lostName(node.wifi.ssid);
  const { instanceId, text: metaData } = metaDataText(node, burnId);
  // The id stands here as well because cloud-init recognises a known instance by the kernel's command line only.
  const words = [...regulatoryWord(node.country), `ds=nocloud;i=${instanceId}`];
  return [
    userDataFile(input, commands(node)),
    { path: 'meta-data', text: metaData, secrets: [] },
    ...networkConfig(node),
    // Raspberry Pi OS turns ssh on when it sees this file, even if cloud-init should fail.
    { path: 'ssh', text: '', secrets: [] },
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
  new RegExp(String.raw`(?:^|\s)(?:ds=nocloud\S*${country === undefined ? '' : `|${earlierRegulatoryWord}`})`, 'g');

function commands({ wifi, country }: Node): YamlValue[] {
  const ssh = ['systemctl', 'enable', '--now', 'ssh'];
  return wifi || country !== undefined ? [ssh, ['sh', '-c', `${unblockWifi}unblock_wifi\n`]] : [ssh];
}

function networkConfig(node: Node): BootFile[] {
  const config = netplanConfig(node, { regulatoryDomain: true, keyAs: 'password' });
  if (config === undefined) return [];
  const key = node.wifi?.psk;
  return [{ path: 'network-config', text: toYaml(config), secrets: key === undefined ? [] : [key] }];
}

const lostName = (ssid: string) =>
  cannotHonour(
    'ssid',
    'cloudinit',
    'Rename the network, or use an image whose flavour is firstrun or legacy.',
    `NetworkManager would take '${ssid}' for another name`,
  );
