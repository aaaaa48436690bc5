// Raspberry Pi OS between buster and cloud-init (bullseye to the first trixie): a shell script on the boot partition, which
// systemd runs once because the kernel's command line says so (systemd-run-generator(8)). Whether NetworkManager or dhcpcd
// runs the network is seen on the Pi.

import { dhcpcdHookLines, dhcpcdLines } from './dhcpcd.js';
import { firstrunScriptFiles } from './firstrun-script.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { networkProfiles } from './network-manager.js';
import { type ShellCall, shellCall, shellCallWithInput } from './shell-call.js';
import { wpaSupplicantLines } from './wpa-supplicant.js';

export const firstrunFiles = (input: FlavourInput): BootFile[] => firstrunScriptFiles(input, networkCalls(input));

function networkCalls({ node, burnId }: FlavourInput): ShellCall[] {
  const wpa = node.wifi ? wpaSupplicantLines(node.wifi, node.country) : [];
  return [
    ...networkProfiles(node, burnId).map(({ name, lines }) => shellCallWithInput('write_profile', [name], lines)),
    ...withLines('add_to_dhcpcd', dhcpcdLines(node)),
    ...withLines('add_dhcpcd_hook', dhcpcdHookLines(node)),
    ...withLines('write_wpa_supplicant', wpa),
    ...(node.country === undefined || node.wifi ? [] : [shellCall('set_wifi_country', node.country)]),
  ];
}

const withLines = (name: string, lines: readonly string[]): ShellCall[] =>
  lines.length === 0 ? [] : [shellCallWithInput(name, [], lines)];
