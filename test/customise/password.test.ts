import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { hashPassword } from '../../src/customise/password.js';
import { PiburnError } from '../../src/errors.js';

test('a password is hashed as the specification of sha512crypt says', () => {
  const expected =
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
  assert.equal(hashPassword('Hello world!', 'saltstring'), expected);
});

test('every hash has its own salt of 16 characters', () => {
  const hashes = Array.from({ length: 5 }, () => hashPassword('raspberry'));
  for (const hash of hashes) assert.match(hash, /^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/);
  assert.equal(new Set(hashes).size, hashes.length);
});

test('openssl makes the same hash, of non-ASCII and long passwords too', (t) => {
  for (const password of ['raspberry', 'a', ' spaces ', 'q\'"$`\\', 'Erdbärchen 🍓', 'x'.repeat(200)]) {
    const hash = hashPassword(password);
    const salt = hash.split('$')[2] ?? '';
    const openssl = spawnSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], {
      input: password,
      encoding: 'utf8',
    });
    if (openssl.error) return t.skip('needs openssl');
    assert.equal(openssl.stdout.trim(), hash);
  }
});

test('a password that could not be typed at a login is refused without being shown', () => {
  for (const password of ['', 'secret\n', 'sec\rret', 'sec\0ret', 'secret'.repeat(90)]) {
    assert.throws(
      () => hashPassword(password),
      (error) =>
        error instanceof PiburnError &&
        error.failure.code === 'PASSWORD' &&
        !/secret|sec\W/.test(error.failure.message),
    );
  }
});
