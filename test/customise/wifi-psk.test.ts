// WPA2 keys: published vectors, wpa_passphrase as the second opinion, and passwords that cannot be.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { wifiPsk } from '../../src/customise/wifi-psk.js';
import { PiburnError } from '../../src/errors.js';
import { withCode } from './fat/fat-images.js';

const vectors: readonly (readonly [string, string, string])[] = [
  ['IEEE', 'password', 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e'],
  ['ThisIsASSID', 'ThisIsAPassword', '0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af'],
  ['myssid', 'password12', '653f53668fb94e94ac1bcedad44455901fdb19563d7493072716ec871231a9fc'],
];

test('the vectors of IEEE 802.11i and of wpa_passphrase', () => {
  for (const [ssid, password, psk] of vectors) assert.equal(wifiPsk(ssid, password), psk);
});

test('wpa_passphrase makes the same key', (t) => {
  if (spawnSync('wpa_passphrase').error) return t.skip('needs wpa_passphrase (Debian: wpasupplicant)');
  for (const [ssid, password] of [
    ['Café 🍓', 'it\'s "$HOME" \\ #x'],
    ['x'.repeat(32), 'y'.repeat(63)],
    ['a', '12345678'],
  ] as const) {
    const { stdout } = spawnSync('wpa_passphrase', [ssid, password], { encoding: 'utf8' });
    assert.equal(/^\s*psk=(.*)$/m.exec(stdout)?.[1], wifiPsk(ssid, password), stdout);
  }
});

test('64 hexadecimal digits are the key itself', () => {
  const [[, , psk = ''] = []] = vectors;
  assert.equal(wifiPsk('other', psk.toUpperCase()), psk);
});

test('a password that no network takes is an error that does not show it', () => {
  const cases = ['', 'seven77', 'x'.repeat(64), 'é'.repeat(32), 'secret\n1', 'secret\r12', 'secret\u000012'];
  for (const password of cases) {
    assert.throws(
      () => wifiPsk('MyNet', password),
      (error) => {
        withCode('WIFI_PASSWORD', /^--wifipassword: the password of the Wi-Fi network /)(error);
        assert.ok(error instanceof PiburnError && !error.message.includes('secret'));
        return true;
      },
    );
  }
  assert.throws(() => wifiPsk('', 'password'), withCode('SSID'));
});
