// A Wi-Fi network as wpa_supplicant has it: Raspberry Pi OS up to bullseye. Source: wpa_supplicant.conf(5).

import { isDeepStrictEqual } from 'node:util';
import { failure } from '../../errors.js';
import type { NodeWifi } from '../../protocol.js';

/** The lines of wpa_supplicant.conf. Throws a failure `CUSTOMISE_SELFCHECK` if they read back as anything else. */
export function wpaSupplicantLines({ ssid, psk, hidden }: NodeWifi, country: string | undefined): string[] {
  const lines = [
    ...(country === undefined ? [] : [`country=${country}`]),
    'ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev',
    'update_config=1',
    'network={',
    `  ssid=${ssidField(ssid)}`,
    ...(hidden ? ['  scan_ssid=1'] : []),
    psk === undefined ? '  key_mgmt=NONE' : `  psk=${psk}`,
    '}',
  ];
  const meant = { ssid, hidden, ...(psk === undefined ? {} : { psk }), ...(country === undefined ? {} : { country }) };
  if (isDeepStrictEqual(readWpaSupplicant(lines), meant)) return lines;
  throw failure('CUSTOMISE_SELFCHECK', `The Wi-Fi network '${ssid}' does not read back as it was meant.`);
}

/** In quotes where every program reads it alike, else its bytes in hexadecimal, without quotes. */
const ssidField = (ssid: string): string =>
  /^[A-Za-z0-9_-]+(?: [A-Za-z0-9_-]+)*$/.test(ssid) ? `"${ssid}"` : Buffer.from(ssid).toString('hex');

/** What a file with one network says; undefined when it is not understood. */
export function readWpaSupplicant(lines: readonly string[]): (NodeWifi & { readonly country?: string }) | undefined {
  const begin = lines.indexOf('network={');
  const end = lines.indexOf('}');
  if (begin < 0 || end !== lines.length - 1) return undefined;
  const globals = fieldsOf(lines.slice(0, begin));
  const network = fieldsOf(lines.slice(begin + 1, end));
  const ssid = readSsid(network.get('ssid') ?? '');
  const psk = network.get('psk');
  const country = globals.get('country');
  if (ssid === undefined || (psk === undefined) !== (network.get('key_mgmt') === 'NONE')) return undefined;
  return {
    ssid,
    hidden: network.get('scan_ssid') === '1',
    ...(psk === undefined ? {} : { psk }),
    ...(country === undefined ? {} : { country }),
  };
}

const fieldsOf = (lines: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    lines.map((line) => {
      const text = line.trim();
      const equals = text.indexOf('=');
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );

function readSsid(field: string): string | undefined {
  if (/^".*"$/.test(field)) return field.slice(1, -1);
  return /^(?:[0-9a-f]{2})+$/.test(field) ? Buffer.from(field, 'hex').toString() : undefined;
}
