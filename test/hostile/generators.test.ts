// Settings that are shell code, YAML, or made to break out of quotes: refused, or exactly the same to whoever reads them
// on the Pi (PyYAML for cloud-init, a shell for firstrun.sh).

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkHostname } from '../../src/address.js';
import { flavours } from '../../src/customise/flavours/index.js';
import { readScriptNode } from '../../src/customise/read-back/script-node.js';
import { PiburnError } from '../../src/errors.js';
import type { Flavour, Node } from '../../src/protocol.js';
import { renderFailure } from '../../src/report/failure.js';
import { callsOf, dig, hasPyYaml, pyYaml, textOf } from '../customise/second-eyes.js';
import { scratchFolder } from '../native/scratch.js';
import { runs } from './runs.js';

const nasty = [
  "'",
  '"',
  '`id`',
  '$(id)',
  '$',
  '{HOME}',
  '\\',
  '\\n',
  ';',
  '&&',
  '|',
  '>',
  '<<PIBURN',
  'PIBURN',
  '#',
  ': ',
  '- ',
  '!',
  '*a',
  '&a',
  '{',
  '}',
  '[',
  ']',
  '%',
  '@',
  ' ',
  '~',
  'null',
  'yes',
  '0x1f',
  '1e3',
  '\u202e',
  '\u00a0',
  'ü',
  '🍓',
  '\ufeff',
  '\t',
  '\n',
  '\u0000',
  '\u001b[31m',
  '\u0085',
  '\u2028',
  '\ud800',
];
const text = fc.array(fc.constantFrom(...nasty), { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
const digest = 'a'.repeat(86);

const nodeOf = (ssid: string, comment: string): Node => ({
  hostname: 'red001',
  dns: [],
  user: { name: 'pi', passwordHash: `$6$salt$${digest}`, authorizedKeys: [`ssh-ed25519 AAAA ${comment}`] },
  wifi: { ssid, psk: 'a'.repeat(64), hidden: false },
  country: 'DE',
});

/** The files, or undefined where the values are refused with a usage error. */
function filesOf(flavour: Flavour, node: Node) {
  const boot = { cmdline: 'console=tty1 root=PARTUUID=1234-02 rootwait', userData: '#cloud-config\n' };
  try {
    return flavours[flavour].files({ node, boot, burnId: '20260915T1200-ab12', bootMount: '/boot/firmware' });
  } catch (error) {
    assert.ok(error instanceof PiburnError && error.failure.kind === 'usage', String(error));
    assert.doesNotMatch(error.message, /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
    return undefined;
  }
}

test('cloud-init gets every Wi-Fi name and key as it was given, or it was refused', {
  skip: !hasPyYaml && 'needs PyYAML',
}, () => {
  const cases = fc.sample(fc.tuple(text, text), runs(150)).flatMap(([ssid, comment]) =>
    (['cloudinit', 'ubuntu'] as const).flatMap((flavour) => {
      const files = filesOf(flavour, nodeOf(ssid, comment));
      return files === undefined ? [] : [{ ssid, comment, files }];
    }),
  );
  assert.ok(cases.length > 5, `${cases.length} were taken`);
  const users = pyYaml(cases.map(({ files }) => textOf(files, 'user-data')));
  const networks = pyYaml(cases.map(({ files }) => textOf(files, 'network-config')));
  for (const [index, { ssid, comment }] of cases.entries()) {
    const user = JSON.stringify(users[index]);
    assert.ok(user.includes(JSON.stringify(`ssh-ed25519 AAAA ${comment}`)), `${user}: ${JSON.stringify(comment)}`);
    const network = dig(networks[index], 'network') ?? networks[index];
    assert.deepEqual(Object.keys(dig(network, 'wifis', 'wlan0', 'access-points') ?? {}), [ssid]);
  }
});

test('a shell gets every Wi-Fi name and key as it was given, runs none of it, or it was refused', (t) => {
  const folder = scratchFolder(t);
  const trap = join(folder, 'ran');
  const code = [
    '$(touch TRAP)',
    '`touch TRAP`',
    "'; touch TRAP; '",
    '"; touch TRAP; "',
    '\\$(touch TRAP)',
    "'$(touch TRAP)'",
  ];
  const traps = code.map((word) => word.replace('TRAP', trap));
  const words = [...traps, ...fc.sample(text, { ...runs(25) })];
  let taken = 0;
  for (const word of words) {
    for (const flavour of ['firstrun', 'legacy'] as const) {
      const files = filesOf(flavour, nodeOf(Buffer.byteLength(word) > 32 ? 'net' : word, word));
      if (files === undefined) continue;
      taken += 1;
      const script = textOf(files, 'firstrun.sh');
      const keys = callsOf(script).get('authorize_keys')?.values ?? [];
      assert.ok(keys.includes(`ssh-ed25519 AAAA ${word}`), `${JSON.stringify(word)} came as ${JSON.stringify(keys)}`);
      const supplicant = files.find(({ path }) => path === 'wpa_supplicant.conf')?.text;
      const read = readScriptNode(script, supplicant, undefined)?.node;
      assert.deepEqual(read?.user?.authorizedKeys, [`ssh-ed25519 AAAA ${word}`]);
    }
  }
  assert.ok(taken > traps.length, `${taken} were taken`);
  assert.ok(!existsSync(trap), 'a value was run');
});

test('a host name that is shell code, YAML or an escape code is refused', () => {
  const safe = /^[a-z0-9-]{1,63}$/i;
  fc.assert(
    fc.property(fc.oneof(text, fc.string(), fc.constantFrom('red001', 'a'.repeat(64), '-a', 'a-')), (name) => {
      try {
        checkHostname(name, '--hostname');
        assert.match(name, safe);
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.kind === 'usage', String(error));
        const shown = renderFailure(error.failure, { color: false });
        assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }),
    runs(500),
  );
});
