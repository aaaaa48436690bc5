// Raspberry Pi OS up to buster: the same script, with dhcpcd alone, and the two files that these releases look for on the
// boot partition themselves (raspberrypi-sys-mods, raspberrypi-net-mods). Their user `pi` with the password `raspberry` is
// renamed and loses that password as soon as a user is given.

import { dhcpcdHookLines, dhcpcdLines } from './dhcpcd.js';
import { firstrunScriptFiles } from './firstrun-script.js';
import type { BootFile, FlavourInput } from './flavour.js';
import { type ShellCall, shellCall, shellCallWithInput } from './shell-call.js';
import { wpaSupplicantLines } from './wpa-supplicant.js';

export function legacyFiles(input: FlavourInput): BootFile[] {
  const { wifi, country } = input.node;
  const files = firstrunScriptFiles(input, networkCalls(input));
  // Turns ssh on even if the script should fail.
  const ssh: BootFile = { path: 'ssh', text: '', secrets: [] };
  if (!wifi) return [...files, ssh];
  const text = `${wpaSupplicantLines(wifi, country).join('\n')}\n`;
  const secrets = wifi.psk === undefined ? [] : [wifi.psk];
  return [...files, ssh, { path: 'wpa_supplicant.conf', text, secrets }];
}

function networkCalls({ node }: FlavourInput): ShellCall[] {
  const lines = dhcpcdLines(node);
  const hook = dhcpcdHookLines(node);
  return [
    ...(lines.length === 0 ? [] : [shellCallWithInput('add_to_dhcpcd', [], lines)]),
    ...(hook.length === 0 ? [] : [shellCallWithInput('add_dhcpcd_hook', [], hook)]),
    ...(node.country === undefined || node.wifi ? [] : [shellCall('set_wifi_country', node.country)]),
  ];
}
