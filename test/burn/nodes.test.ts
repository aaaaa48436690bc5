// From options to nodes: lines of input, and the nodes or the error that they give.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { CreateOptions } from '../../src/burn/options.js';
import { orderCreate } from '../../src/burn/order.js';
import { PiburnError } from '../../src/errors.js';
import type { Node } from '../../src/protocol.js';
import { scratchFolder } from '../native/scratch.js';

type Input = Partial<CreateOptions> & Pick<CreateOptions, 'hostname'>;

const plan = (input: Input): readonly Node[] =>
  orderCreate({ image: 'an.img', device: 'card.img', ...input }).nodes ?? [];

/** Nodes in words: name, address, gateway, name servers. */
const inWords = (nodes: readonly Node[]): string[] =>
  nodes.map(({ hostname, ipv4, gateway, dns }) =>
    [hostname, ipv4 && `${ipv4.address}/${ipv4.prefixLength}`, gateway, ...dns].filter(Boolean).join(' '),
  );

const good: readonly (readonly [input: Input, nodes: readonly string[]])[] = [
  [{ hostname: 'red001' }, ['red001']],
  [{ hostname: 'red[001-003]' }, ['red001', 'red002', 'red003']],
  [{ hostname: 'red[a-b],blue' }, ['reda', 'redb', 'blue']],
  [{ hostname: 'red[1-2]', ipaddr: '10.1.1.[2-3]' }, ['red1 10.1.1.2/24', 'red2 10.1.1.3/24']],
  [{ hostname: 'red[1-2]', ipaddr: '10.1.[1-2].9/16' }, ['red1 10.1.1.9/16', 'red2 10.1.2.9/16']],
  [{ hostname: 'red[1-2]', ipaddr: '10.1.1.9,10.1.2.9' }, ['red1 10.1.1.9/24', 'red2 10.1.2.9/24']],
  [{ hostname: 'red', ipaddr: '10.1.1.2', gateway: '10.1.1.1' }, ['red 10.1.1.2/24 10.1.1.1']],
  [{ hostname: 'red', ipaddr: '10.1.1.2/16', gateway: '10.1.9.1' }, ['red 10.1.1.2/16 10.1.9.1']],
  [{ hostname: 'red', dns: ['1.1.1.1', '9.9.9.9'] }, ['red 1.1.1.1 9.9.9.9']],
];

for (const [input, nodes] of good)
  test(`${JSON.stringify(input)} gives ${nodes.join(', ')}`, () => assert.deepEqual(inWords(plan(input)), nodes));

const bad: readonly (readonly [input: Input, code: string, words: RegExp])[] = [
  [{ hostname: '' }, 'HOSTLIST', /--hostname/],
  [{ hostname: 'red[3-1]' }, 'HOSTLIST', /--hostname.*backwards/],
  [{ hostname: 'red_1' }, 'HOSTNAME', /--hostname: 'red_1'/],
  [{ hostname: 'red.example' }, 'HOSTNAME', /dot/],
  [{ hostname: `${'a'.repeat(64)}` }, 'HOSTNAME', /64 characters/],
  [{ hostname: 'red,RED' }, 'DUPLICATE', /twice/],
  [{ hostname: 'red,red' }, 'HOSTLIST', /red/],
  [{ hostname: 'red[1-3]', ipaddr: '10.1.1.[2-3]' }, 'COUNT_MISMATCH', /--ipaddr: 2 addresses for 3 host names/],
  [{ hostname: 'red', ipaddr: '10.1.1.[2-3]' }, 'COUNT_MISMATCH', /--ipaddr: 2 addresses for 1 host name/],
  [{ hostname: 'red[1-2]', ipaddr: '10.1.1.2' }, 'COUNT_MISMATCH', /--ipaddr: 1 address for 2 host names/],
  [{ hostname: 'red[1-2]', ipaddr: '10.1.1.2/24,10.1.1.2/16' }, 'DUPLICATE', /10\.1\.1\.2/],
  [{ hostname: 'red', ipaddr: '10.1.1.0' }, 'ADDRESS', /network/],
  [{ hostname: 'red', ipaddr: '10.1.1.255' }, 'ADDRESS', /broadcast/],
  [{ hostname: 'red', ipaddr: '10.1.1.256' }, 'ADDRESS', /10\.1\.1\.256/],
  [{ hostname: 'red', ipaddr: '10.1.1.2/33' }, 'ADDRESS', /prefix/],
  [{ hostname: 'red', gateway: '10.1.1.1' }, 'OPTION_WITHOUT_EFFECT', /--gateway/],
  [{ hostname: 'red', ipaddr: '10.1.1.2', gateway: '10.1.1.2' }, 'GATEWAY_IS_NODE', /10\.1\.1\.2/],
  [{ hostname: 'red', ipaddr: '10.1.1.2', gateway: '10.1.2.1' }, 'GATEWAY_OUTSIDE_NET', /10\.1\.2\.1/],
  [{ hostname: 'red', ipaddr: '10.1.1.2', gateway: '10.1.1.1/24' }, 'ADDRESS', /--gateway/],
  [{ hostname: 'red', dns: ['resolver'] }, 'ADDRESS', /--dns: 'resolver'/],
  [{ hostname: 'red', user: 'alice' }, 'USER_WITHOUT_LOGIN', /alice/],
  [{ hostname: 'red', user: 'Alice B', password: 'secret' }, 'USER_NAME', /--user/],
  [{ hostname: 'red', sshKeys: ['/nowhere/key.pub'] }, 'KEY_NOT_FOUND', /nowhere/],
];

for (const [input, code, words] of bad)
  test(`${JSON.stringify(input).slice(0, 80)} is the error ${code}`, () => {
    assert.throws(
      () => plan(input),
      (error) => {
        assert.ok(error instanceof PiburnError, String(error));
        assert.deepEqual([error.failure.code, error.exitCode], [code, 2]);
        assert.match(error.failure.message, words);
        assert.ok((error.failure.hint ?? '') !== '', 'says what to try');
        return true;
      },
    );
  });

test('without a key or a password the image’s own user is left alone', () => {
  assert.equal(plan({ hostname: 'red' })[0]?.user, undefined);
});

test('a password is hashed for every node, never kept as it was typed', () => {
  const nodes = plan({ hostname: 'red[1-2]', password: 'correct horse' });
  for (const { user } of nodes) {
    assert.equal(user?.name, 'pi');
    assert.match(user?.passwordHash ?? '', /^\$6\$[^$]+\$[A-Za-z0-9./]{86}$/);
    assert.deepEqual(user?.authorizedKeys, []);
  }
  assert.ok(!JSON.stringify(nodes).includes('correct horse'));
});

test('keys of several files are put together, the same one once', (t) => {
  const folder = scratchFolder(t);
  const key = (letter: string) =>
    `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, letter)]).toString('base64')}`;
  writeFileSync(join(folder, 'one.pub'), `${key('a')}\n`);
  writeFileSync(join(folder, 'two.pub'), `${key('b')}\n${key('a')}\n`);
  const [node] = plan({ hostname: 'red', user: 'alice', sshKeys: [join(folder, 'one.pub'), join(folder, 'two.pub')] });
  assert.deepEqual(node?.user, { name: 'alice', authorizedKeys: [key('a'), key('b')] });
});
