// Wi-Fi passwords become WPA2 keys before they go anywhere near a card. Source: IEEE 802.11i, annex H.4 "Suggested
// pass-phrase-to-PSK mapping". Such a key also serves networks with WPA2 and WPA3 mixed, but not those with WPA3 only.

import { pbkdf2Sync } from 'node:crypto';
import { type PiburnError, usageError } from '../errors.js';
import { checkSsid, isPsk } from './settings-check.js';

const minBytes = 8;
const maxBytes = 63;
const rounds = 4096;
const keyBytes = 32;

/**
 * The WPA2 pre-shared key of a network as 64 hexadecimal digits: made from its password of 8 to 63 bytes, or the
 * password itself where it is a key already. Throws a usage error `SSID` or `WIFI_PASSWORD`, which never shows it.
 */
export function wifiPsk(ssid: string, password: string, option = '--wifipassword'): string {
  checkSsid(ssid, '--ssid');
  if (isPsk(password)) return password.toLowerCase();
  checkPassword(password, option);
  return pbkdf2Sync(password, ssid, rounds, keyBytes, 'sha1').toString('hex');
}

function checkPassword(password: string, option: string): void {
  const lengthBytes = Buffer.byteLength(password);
  if (/[\r\n\0]/.test(password)) throw wrongPassword(option, 'has a line break or a NUL in it');
  if (lengthBytes < minBytes) throw wrongPassword(option, `has ${lengthBytes} bytes, fewer than ${minBytes}`);
  if (lengthBytes > maxBytes) throw wrongPassword(option, `has ${lengthBytes} bytes, more than ${maxBytes}`);
}

const wrongPassword = (option: string, problem: string): PiburnError =>
  usageError('WIFI_PASSWORD', `${option}: the password of the Wi-Fi network ${problem}.`, {
    hint: 'WPA2 takes 8 to 63 bytes, or the key itself as 64 hexadecimal digits. Leave it out for an open network.',
  });
