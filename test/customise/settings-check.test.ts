// The rule of every setting: what passes, what does not, and that the message names option, value and rule.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkBootPath,
  checkCountry,
  checkDomain,
  checkFirstboot,
  checkHosts,
  checkInterface,
  checkKeymap,
  checkLocale,
  checkNode,
  checkSsid,
  checkTimezone,
  checkUserName,
  parseKeymap,
} from '../../src/customise/settings-check.js';
import { PiburnError } from '../../src/errors.js';
import { withCode } from './fat/fat-images.js';

interface Rule {
  readonly check: (value: string, option: string) => void;
  readonly code: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const rules: Readonly<Record<string, Rule>> = {
  '--user': {
    check: checkUserName,
    code: 'USER_NAME',
    good: ['a', 'alice', 'alice-2', 'a'.repeat(30)],
    bad: ['', 'root', 'Alice', '2alice', '-a', 'al_ice', 'al ice', 'älice', 'a'.repeat(31), 'a\n', 'a:b'],
  },
  '--ssid': {
    check: checkSsid,
    code: 'SSID',
    good: ['x', ' x ', 'Café 🍓', 'x'.repeat(32), '"', "'", '\\', '$HOME', '#', '0'],
    bad: ['', 'x'.repeat(33), 'é'.repeat(17)],
  },
  '--country': {
    check: checkCountry,
    code: 'COUNTRY',
    good: ['GB', 'DE', 'US', 'JP'],
    bad: ['', 'UK', 'gb', 'uk', 'GBR', 'G', '1A', 'EN', 'GB\n', 'Gb'],
  },
  '--locale': {
    check: checkLocale,
    code: 'LOCALE',
    good: ['en_GB.UTF-8', 'C.UTF-8', 'ast_ES.UTF-8', 'ca_ES.UTF-8@valencia', 'zh_TW.UTF-8'],
    bad: [
      '',
      'en_GB',
      'en-GB.UTF-8',
      'en_GB.utf8',
      'en_GB.ISO-8859-1',
      'EN_gb.UTF-8',
      'en_UK.UTF-8',
      'xx_GB.UTF-8',
      'C',
      "'; id",
    ],
  },
  '--timezone': {
    check: checkTimezone,
    code: 'TIMEZONE',
    good: [
      'UTC',
      'Etc/UTC',
      'Etc/GMT+1',
      'Europe/London',
      'America/Argentina/Buenos_Aires',
      'Asia/Kolkata',
      'Asia/Calcutta',
    ],
    bad: [
      '',
      'London',
      'Europe',
      'Europe/Lodnon',
      'europe/london',
      'Europe/london',
      '../etc/passwd',
      'US/Eastern',
      'Japan',
      'CET',
    ],
  },
  '--keymap': {
    check: checkKeymap,
    code: 'KEYMAP',
    good: ['gb', 'us', 'de(nodeadkeys)', 'us(altgr-intl)', 'ch(fr_mac)', 'latam'],
    bad: ['', 'uk', 'en', 'GB', 'de()', 'de(x', 'de(x)y', 'de;id', 'g', 'us,de', 'en-us', 'gb\n'],
  },
  '--interface': {
    check: checkInterface,
    code: 'INTERFACE',
    good: ['eth0', 'wlan0', 'end0', 'enxb827eb123456', 'usb0', 'br-lan', 'eth0.10'],
    bad: ['', 'lo', 'eth 0', 'eth0/1', 'x'.repeat(16), '0eth', 'eth0:1', 'eth0\n', "eth'"],
  },
  '--search': {
    check: checkDomain,
    code: 'DOMAIN',
    good: ['lab', 'lab.example.org', 'x-1.org', '1.org'],
    bad: ['', '.', 'lab.', '.lab', 'a..b', '-a.org', 'a-.org', 'a b', 'a;b', '10.1.1.1', `${'a'.repeat(64)}.org`],
  },
  '--files': {
    check: checkBootPath,
    code: 'FILE_PATH',
    good: ['config.txt', 'overlays/my.dtbo', 'a b/c d.txt', 'ünïcode'],
    bad: [
      '',
      '/etc/passwd',
      '../x',
      'a/../b',
      './x',
      'a//b',
      'a/',
      'a\\b',
      'a:b',
      'x.',
      'x ',
      'a\n',
      'CMDLIN~1.TXT',
      'x'.repeat(256),
    ],
  },
  '--firstboot': {
    check: checkFirstboot,
    code: 'FIRSTBOOT',
    good: ['#!/bin/sh\necho\n', 'echo', '#!/usr/bin/python3\nprint("é")\n'],
    bad: ['', ' \n', '#!/bin/sh\r\necho\r\n', 'a\0b', '\uFEFF#!/bin/sh\n', 'x'.repeat(1024 * 1024 + 1)],
  },
};

for (const [option, { check, code, good, bad }] of Object.entries(rules)) {
  test(`${option}: what passes and what does not`, () => {
    for (const value of good) check(value, option);
    for (const value of bad) {
      assert.throws(
        () => check(value, option),
        (error) => {
          assert.ok(error instanceof PiburnError, `${JSON.stringify(value)}: ${error}`);
          assert.deepEqual([error.failure.kind, error.failure.code], ['usage', code], JSON.stringify(value));
          assert.ok(error.message.startsWith(`${option}: `), error.message);
          assert.doesNotMatch(error.message, /[\n\0]/);
          assert.ok(error.failure.hint);
          assert.ok(error.message.length < 300);
          return true;
        },
        JSON.stringify(value),
      );
    }
  });
}

test('what people mean is in the hint', () => {
  const hints: readonly (readonly [() => void, RegExp])[] = [
    [() => checkCountry('UK', '--country'), /--country=GB/],
    [() => checkCountry('de', '--country'), /--country=DE/],
    [() => checkKeymap('uk', '--keymap'), /--keymap=gb/],
    [() => checkLocale('en_GB', '--locale'), /en_GB\.UTF-8/],
    [() => checkTimezone('London', '--timezone'), /Europe\/London/],
  ];
  for (const [action, hint] of hints) {
    assert.throws(action, (error) => {
      assert.ok(error instanceof PiburnError);
      assert.match(error.failure.hint ?? '', hint);
      return true;
    });
  }
});

test('a line break in the name of a network is told as such', () => {
  for (const ssid of ['a\nb', 'a\r', 'a\0', 'a\u2028b', '\ud83c']) {
    assert.throws(() => checkSsid(ssid, '--ssid'), withCode('CONTROL_CHARACTER', /--ssid/));
  }
});

test('a keyboard layout comes apart into layout and variant', () => {
  assert.deepEqual(parseKeymap('gb', '--keymap'), { layout: 'gb', variant: '' });
  assert.deepEqual(parseKeymap('de(nodeadkeys)', '--keymap'), { layout: 'de', variant: 'nodeadkeys' });
});

test('hosts have addresses and names, full ones too, and are not endlessly many', () => {
  checkHosts([{ address: 'fd00::3', names: ['red003', 'red003.lab.example.org'] }], '--cluster-hosts');
  const wrong: readonly (readonly [Parameters<typeof checkHosts>[0], string])[] = [
    [[{ address: '10.1.1', names: ['a'] }], 'ADDRESS'],
    [[{ address: '10.1.1.3', names: [] }], 'HOSTS'],
    [[{ address: '10.1.1.3', names: ['a_b'] }], 'HOSTNAME'],
    [[{ address: '10.1.1.3', names: ['a.b_c'] }], 'DOMAIN'],
    [Array.from({ length: 4097 }, () => ({ address: '10.1.1.3', names: ['a'] })), 'HOSTS'],
  ];
  for (const [hosts, code] of wrong) assert.throws(() => checkHosts(hosts, '--cluster-hosts'), withCode(code));
});

test('files are not endlessly many or large, and no two have one name on FAT', () => {
  const node = { hostname: '', dns: [] };
  const bytes = new Uint8Array(1);
  const named = (path: string) => ({ path, bytes });
  checkNode({ ...node, files: [named('a'), named('b/a')] });
  assert.throws(() => checkNode({ ...node, files: [named('a.txt'), named('A.TXT')] }), withCode('FILE_PATH', /twice/));
  const many = Array.from({ length: 1001 }, (_, index) => named(`f${index}`));
  assert.throws(() => checkNode({ ...node, files: many }), withCode('FILES_TOO_LARGE', /1001 files/));
  const large = [{ path: 'a', bytes: new Uint8Array(16 * 1024 * 1024 + 1) }];
  assert.throws(() => checkNode({ ...node, files: large }), withCode('FILES_TOO_LARGE'));
});
