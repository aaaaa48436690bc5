// Wi-Fi: a network for wpa_supplicant, the country whose radio rules apply, and the switches that keep it off until then.
// Sources: wpa_supplicant.conf(5); regulatory domains in the kernel's Documentation/networking/regulatory.rst; what keeps
// it off is from pi-gen, stage2/02-net-tweaks.

import { failure, type PiburnError } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { wpaSupplicantLines } from '../flavours/wpa-supplicant.js';
import type { RootDraft } from './root-draft.js';
import { enableUnit } from './services.js';
import { linesOf, mapLines, withAssignments, withLines } from './text-lines.js';

/** Puts the network in place of those that the file has; `unit` is what starts wpa_supplicant with it, if nothing else. */
export function placeWpaNetwork(draft: RootDraft, node: Node, path: string, unit?: string): void {
  if (node.wifi === undefined) return;
  if (!hasWpaSupplicant(draft)) throw noWifi();
  const { wifi, country } = node;
  draft.write(path, Buffer.from(`${wpaSupplicantLines(wifi, country).join('\n')}\n`), {
    ...{ mode: 0o600, uid: 0, gid: 0 },
    secrets: wifi.psk === undefined ? [] : [wifi.psk],
  });
  if (unit !== undefined && !enableUnit(draft, unit)) throw noWifi();
}

export const hasWpaSupplicant = (draft: RootDraft): boolean =>
  ['/sbin', '/usr/sbin', '/usr/bin'].some((folder) => draft.isFile(`${folder}/wpa_supplicant`));

const rfkillFolder = '/var/lib/systemd/rfkill';
const managerState = '/var/lib/NetworkManager/NetworkManager.state';
const moduleOptions = '/etc/modprobe.d/piburn-wifi-country.conf';
const wpaFile = '/etc/wpa_supplicant/wpa_supplicant.conf';
const crdaFile = '/etc/default/crda';

/** Sets the country in every place that the image has for it, and lets Wi-Fi on. */
export function placeRadio(draft: RootDraft, { wifi, country }: Node): void {
  if (country !== undefined) placeCountry(draft, country);
  if (wifi === undefined && country === undefined) return;
  for (const name of draft.names(rfkillFolder).filter((each) => each.endsWith(':wlan'))) {
    draft.write(`${rfkillFolder}/${name}`, '0\n');
  }
  const state = draft.text(managerState);
  if (state === undefined) return;
  draft.write(
    managerState,
    mapLines(state, (line) => (line.startsWith('WirelessEnabled=') ? 'WirelessEnabled=true' : line)),
  );
}

function placeCountry(draft: RootDraft, country: string): void {
  // The kernel's own, whatever program asks for the network; it counts until an access point says more.
  draft.write(moduleOptions, `options cfg80211 ieee80211_regdom=${country}\n`, { mode: 0o644, uid: 0, gid: 0 });
  const crda = draft.text(crdaFile);
  if (crda !== undefined) draft.write(crdaFile, withAssignments(crda, { REGDOMAIN: country }));
  const wpa = draft.text(wpaFile);
  if (wpa === undefined) return;
  const isCountry = (line: string) => /^\s*country\s*=/.test(line);
  const placed = linesOf(wpa).some(isCountry)
    ? mapLines(wpa, (line) => (isCountry(line) ? `country=${country}` : line))
    : withLines(wpa, [`country=${country}`], 0);
  draft.write(wpaFile, placed);
}

export const noWifi = (): PiburnError =>
  failure('ROOT_NO_WIFI', 'the image has no NetworkManager and no wpa_supplicant that is started for an interface', {
    hint: 'leave --ssid out and use a cable, or choose an image with Wi-Fi',
  });
