// The settings of a wireless network, and the country whose radio rules apply.

import { type PiburnError, usageError } from '../../errors.js';
import type { Node, NodeWifi } from '../../protocol.js';
import { checkOneLine, printable } from './one-line.js';

/** IEEE 802.11, "SSID element". */
const maxSsidBytes = 32;

/** Checks all of them. Throws a usage error that names the option. */
export function checkWireless(node: Node): void {
  if (node.wifi) checkWifi(node.wifi);
  if (node.country !== undefined) checkCountry(node.country, '--country');
}

function checkWifi({ ssid, psk }: NodeWifi): void {
  checkSsid(ssid, '--ssid');
  if (psk !== undefined && !isPsk(psk)) {
    throw usageError('WIFI_KEY', `The key of the Wi-Fi network '${printable(ssid)}' is not 64 hexadecimal digits.`, {
      hint: 'Give the password of the network with --wifipassword; piburn makes the key from it.',
    });
  }
}

/** Whether a text is a WPA2 pre-shared key: 256 bits in hexadecimal. */
export const isPsk = (text: string): boolean => /^[0-9A-Fa-f]{64}$/.test(text);

/** Checks the name of a Wi-Fi network. Throws a usage error `SSID` or `CONTROL_CHARACTER`. */
export function checkSsid(ssid: string, option: string): void {
  const lengthBytes = Buffer.byteLength(ssid);
  if (ssid === '') throw wrongSsid(ssid, option, 'it is empty');
  checkOneLine(ssid, `the Wi-Fi name of ${option}`);
  if (lengthBytes > maxSsidBytes) throw wrongSsid(ssid, option, `it has ${lengthBytes} bytes`);
}

const wrongSsid = (ssid: string, option: string, problem: string): PiburnError =>
  usageError('SSID', `${option}: '${printable(ssid)}' is no name of a Wi-Fi network: ${problem}.`, {
    hint: `Use 1 to ${maxSsidBytes} bytes, exactly as the access point sends them, such as --ssid='My Net'.`,
  });

/** Checks a country of ISO 3166. Throws a usage error `COUNTRY`. */
export function checkCountry(country: string, option: string): void {
  if (/^[A-Z]{2}$/.test(country) && !notCountries.has(country)) return;
  const meant = notCountries.get(country.toUpperCase()) ?? upperCase(country);
  throw usageError('COUNTRY', `${option}: '${printable(country)}' is no country code of ISO 3166.`, {
    hint: meant === undefined ? 'Use its two capital letters, such as GB, DE or US.' : `Write ${option}=${meant}.`,
  });
}

const upperCase = (country: string): string | undefined =>
  /^[A-Za-z]{2}$/.test(country) ? country.toUpperCase() : undefined;

/** What people write for a country, and what its code is. */
const notCountries: ReadonlyMap<string, string> = new Map([
  ['UK', 'GB'],
  ['EN', 'GB'],
]);
