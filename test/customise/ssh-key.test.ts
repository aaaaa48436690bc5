import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findKeyFile, parsePublicKey, parsePublicKeys, readPublicKeys } from '../../src/customise/ssh-key.js';
import { PiburnError } from '../../src/errors.js';

/** A blob of length-prefixed fields, the first of which is the type. */
const blob = (...fields: readonly (string | number)[]): string =>
  Buffer.concat(
    fields.map((field) => {
      const bytes = typeof field === 'number' ? Buffer.alloc(field, 7) : Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  ).toString('base64');

const ed25519 = `ssh-ed25519 ${blob('ssh-ed25519', 32)}`;
const rsa = `ssh-rsa ${blob('ssh-rsa', 3, 257)}`;

function failureOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof PiburnError, `no PiburnError: ${error}`);
    assert.ok(error.failure.hint);
    return error.failure;
  }
  return assert.fail('nothing was thrown');
}

function makeHome(t: TestContext, files: Readonly<Record<string, string>>): string {
  const home = mkdtempSync(join(tmpdir(), 'piburn-keys-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.ssh'));
  for (const [path, text] of Object.entries(files)) writeFileSync(join(home, path), text);
  return home;
}

test('a key of every known type passes, with its comment cleaned', () => {
  const cases: readonly (readonly [string, string])[] = [
    [ed25519, ed25519],
    [`  ${ed25519}  alice@laptop \r`, `${ed25519} alice@laptop`],
    [`${rsa}\talice  at   home`, `${rsa} alice at home`],
    [`${rsa} corp\\carol@pc $(x) 'q' \u0007\u009b31m`, `${rsa} corp\\carol@pc $(x) 'q' 31m`],
  ];
  for (const [text, expected] of cases) assert.equal(parsePublicKey(text, 'KEY'), expected);
  const others = ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com'];
  for (const type of others) parsePublicKey(`${type} ${blob(type, 8, 65)}`, 'KEY');
  const sk = 'sk-ecdsa-sha2-nistp256@openssh.com';
  parsePublicKey(`${sk} ${blob(sk, 8, 65, 4)}`, 'KEY');
});

test('a line that is no whole public key is refused', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /key type/],
    ['hello world', /key type/],
    ['ssh-dss AAAA', /key type/],
    [`from="10.0.0.0/8" ${ed25519}`, /key type/],
    [`restrict ${ed25519}`, /key type/],
    ['ssh-ed25519', /cut off/],
    [`ssh-rsa ${blob('ssh-ed25519', 32)}`, /cut off/],
    [`ecdsa-sha2-nistp256 ${blob('ssh-rsa', 3, 257)}`, /cut off/],
    [ed25519.slice(0, -4), /cut off/],
    [`${ed25519}AAAA`, /cut off/],
    [`${ed25519.slice(0, 30)}!${ed25519.slice(31)}`, /cut off/],
    [`ssh-ed25519 ${blob('ssh-ed25519')}`, /cut off/],
    [`ssh-ed25519 ${blob('ssh-ed25519', 0)}`, /cut off/],
    [`ssh-ed25519 ${Buffer.from([255, 255, 255, 255]).toString('base64')}`, /cut off/],
  ];
  for (const [text, message] of cases) {
    const failure = failureOf(() => parsePublicKey(text, 'id.pub line 1'));
    assert.deepEqual([failure.kind, failure.code], ['usage', 'KEY'], text);
    assert.match(failure.message, message);
    assert.match(failure.message, /^id\.pub line 1 /);
  }
});

test('a file may have several keys, comments and empty lines', () => {
  assert.deepEqual(parsePublicKeys(`# mine\r\n\r\n${ed25519} a\r\n  # other\n${rsa}`, 'keys'), [`${ed25519} a`, rsa]);
  assert.match(failureOf(() => parsePublicKeys(`${rsa}\n\nrubbish\n`, 'keys')).message, /^keys line 3 /);
  assert.match(failureOf(() => parsePublicKeys('# nothing\n', 'keys')).message, /no public key/);
  assert.match(failureOf(() => parsePublicKeys(`${ed25519}\n`.repeat(65), 'keys')).message, /more than 64/);
  assert.match(failureOf(() => parsePublicKeys('#'.repeat(70_000), 'keys')).message, /64 KiB/);
});

test('a private key is refused with a word about its public half, and not shown', () => {
  for (const first of [
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '-----BEGIN RSA PRIVATE KEY-----',
    'PuTTY-User-Key-File-3: x',
  ]) {
    const failure = failureOf(() => parsePublicKeys(`${first}\nc2VjcmV0\n`, '/home/a/.ssh/id_rsa'));
    assert.equal(failure.code, 'KEY_PRIVATE');
    assert.match(failure.hint ?? '', /\.pub/);
    assert.doesNotMatch(failure.message, /c2VjcmV0/);
  }
});

test('a key file is found by path, by name and by default', (t) => {
  const home = makeHome(t, {
    '.ssh/id_rsa': 'private',
    '.ssh/id_rsa.pub': rsa,
    '.ssh/id_ecdsa.pub': 'x',
    'my.key': ed25519,
  });
  const cases: readonly (readonly [string, string])[] = [
    ['default', '.ssh/id_ecdsa.pub'],
    ['id_rsa', '.ssh/id_rsa.pub'],
    ['id_rsa.pub', '.ssh/id_rsa.pub'],
    ['~/.ssh/id_rsa', '.ssh/id_rsa.pub'],
    ['~/my.key', 'my.key'],
    [join(home, 'my.key'), 'my.key'],
  ];
  for (const [value, expected] of cases) assert.equal(findKeyFile(value, home), join(home, expected), value);
  assert.deepEqual(readPublicKeys('id_rsa', home), [rsa]);
  assert.deepEqual(readPublicKeys('~/my.key', home), [ed25519]);
});

test('a key file that is missing says where it was looked for and how to make one', (t) => {
  const home = makeHome(t, {});
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['default', ['.ssh/id_ed25519.pub', '.ssh/id_ecdsa.pub', '.ssh/id_rsa.pub']],
    ['id_rsa', ['.ssh/id_rsa.pub', '.ssh/id_rsa']],
    ['~/keys/', ['keys/']],
    ['.ssh', ['.ssh']],
  ];
  for (const [value, paths] of cases) {
    const failure = failureOf(() => findKeyFile(value, home));
    assert.deepEqual([failure.kind, failure.code], ['usage', 'KEY_NOT_FOUND']);
    for (const path of paths) assert.ok(failure.message.includes(join(home, path)), `${failure.message}: ${path}`);
    assert.match(failure.hint ?? '', /ssh-keygen -t ed25519/);
  }
});

test('keys that ssh-keygen makes pass, and their private halves do not', (t) => {
  const home = makeHome(t, {});
  for (const [type, bits] of [
    ['ed25519'],
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
  ] as const) {
    const path = join(home, `${type}${bits ?? ''}`);
    const size = bits === undefined ? [] : ['-b', bits];
    const made = spawnSync('ssh-keygen', ['-q', '-t', type, ...size, '-N', '', '-C', 'corp\\carol@pc', '-f', path]);
    if (made.error) return t.skip('needs ssh-keygen');
    assert.deepEqual(readPublicKeys(`${path}.pub`, home), [readFileSync(`${path}.pub`, 'utf8').trim()]);
    assert.equal(failureOf(() => parsePublicKeys(readFileSync(path, 'utf8'), path)).code, 'KEY_PRIVATE');
  }
});
