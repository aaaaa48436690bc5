// Ubuntu for the Raspberry Pi: cloud-init as well, with its files on the partition `system-boot`. Nothing here is known
// to Raspberry Pi OS alone: ssh runs already, the default user is made by cloud-init, and netplan renders for
// systemd-networkd (server) or NetworkManager (desktop), as the image has it. Source: canonical-ubuntu-boards.readthedocs-hosted.com.

import type { PiburnError } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { metaDataText } from './cloud-meta-data.js';
import { userDataFile } from './cloud-user-data.js';
import { withKernelWords } from './cmdline.js';
import { firstbootFiles } from './firstboot.js';
import { type BootFile, type BootFiles, cannotHonour, type FlavourInput } from './flavour.js';
import { isLostInKeyfile, netplanConfig } from './netplan.js';
import { earlierRegulatoryWord, regulatoryWord } from './radio.js';
import { toYaml } from './yaml.js';

export function ubuntuFiles(input: FlavourInput): BootFile[] {
  const { node, boot, burnId } = input;
  checkSsid(node);
  return [
    userDataFile(input, []),
    { path: 'meta-data', text: metaDataText(node, burnId).text, secrets: [] },
    ...networkConfig(node),
    ...firstbootFiles(node),
    ...kernelWords(node, boot),
  ];
}

function networkConfig(node: Node): BootFile[] {
  const config = netplanConfig(node, { regulatoryDomain: false, keyAs: 'psk' });
  if (config === undefined) return [];
  const key = node.wifi?.psk;
  return [{ path: 'network-config', text: toYaml(config), secrets: key === undefined ? [] : [key] }];
}

/** The kernel line is the one place for a country that every release takes. */
function kernelWords({ country }: Node, boot: BootFiles): BootFile[] {
  if (country === undefined) return [];
  if (boot.cmdline === '') throw noCommandLine();
  const earlier = new RegExp(String.raw`(?:^|\s)${earlierRegulatoryWord}`, 'g');
  const text = withKernelWords(boot.cmdline, earlier, regulatoryWord(country).join(' '));
  return [{ path: boot.cmdlinePath ?? 'cmdline.txt', text, secrets: [] }];
}

/** netplan for systemd-networkd takes a backslash for itself until 1.0, and for the beginning of an escape since. */
function checkSsid({ wifi }: Node): void {
  if (!wifi || !(wifi.ssid.includes('\\') || isLostInKeyfile(wifi.ssid))) return;
  const hint = 'Rename the network, or use an image of Raspberry Pi OS.';
  throw cannotHonour('ssid', 'ubuntu', hint, `netplan would take '${wifi.ssid}' for another name`);
}

const noCommandLine = (): PiburnError =>
  cannotHonour(
    'country',
    'ubuntu',
    'Leave --country out, and set it on the running system with `iw reg set`.',
    'the image has no cmdline.txt',
  );
