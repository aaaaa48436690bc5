// Names by multicast DNS: the messages, byte by byte, and a responder on loopback that is sometimes a liar.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeQuestion, parseAnswer, reverseName } from '../../src/network/dns-message.js';
import { askMulticast } from '../../src/network/multicast-names.js';

const label = (text: string): Buffer => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
const name = (text: string): Buffer => Buffer.concat([...text.split('.').map(label), Buffer.from([0])]);
const number = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

/** An answer as Avahi sends it to a port that is not 5353: with the question, and the name compressed. */
function answer(address: string, target: Buffer, { flags = 0x8400, type = 12, records = 1 } = {}): Buffer {
  const header = Buffer.concat([0, flags, 1, records, 0, 0].map(number));
  const question = Buffer.concat([name(reverseName(address)), number(12), number(1)]);
  const record = Buffer.concat([
    number(0xc00c),
    number(type),
    number(0x8001),
    number(0),
    number(10),
    number(target.length),
    target,
  ]);
  return Buffer.concat([header, question, record]);
}

test('a question is a PTR question for the reverse name', () => {
  const expected = Buffer.concat([
    ...[0, 0, 1, 0, 0, 0].map(number),
    name('2.1.1.10.in-addr.arpa'),
    number(12),
    number(1),
  ]);
  assert.deepEqual(encodeQuestion('10.1.1.2'), expected);
});

test('an answer gives the name, compressed or not', () => {
  const owner = '2.1.1.10.in-addr.arpa';
  assert.deepEqual(parseAnswer(answer('10.1.1.2', name('red001.local'))), [{ owner, name: 'red001.local' }]);
  // `red001` and a pointer to `arpa` in the question.
  const pointed = Buffer.concat([label('red001'), number(0xc000 + 12 + name('2.1.1.10.in-addr').length - 1)]);
  assert.deepEqual(parseAnswer(answer('10.1.1.2', pointed)), [{ owner, name: 'red001.arpa' }]);
});

test('what is no good answer gives no name', () => {
  const good = name('red001.local');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', good, { flags: 0 })), [], 'a question');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', good, { flags: 0x8403 })), [], 'an error');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', good, { type: 16 })), [], 'a text');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', Buffer.from([0]))), [], 'the root');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', good).subarray(0, -3)), [], 'cut off');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', Buffer.concat([good, good]))), [], 'more than a name');
  const at = answer('10.1.1.2', good).length - good.length;
  assert.deepEqual(parseAnswer(answer('10.1.1.2', number(0xc000 + at))), [], 'a pointer to itself');
  assert.deepEqual(parseAnswer(answer('10.1.1.2', number(0xc002))), [], 'a pointer into the header');
  const long = name(Array.from({ length: 5 }, () => 'x'.repeat(60)).join('.'));
  assert.deepEqual(parseAnswer(answer('10.1.1.2', long)), [], 'longer than 255 bytes');
  assert.equal(parseAnswer(answer('10.1.1.2', good, { records: 65_535 })).length, 0, 'too many records');
});

test('no message makes the reader throw or hang', () => {
  const good = answer('10.1.1.2', name('red001.local'));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseAnswer(Buffer.from(bytes))));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      for (const found of parseAnswer(bytes)) assert.ok(Buffer.byteLength(found.name) <= 3 * 255);
    }),
  );
});

test('hosts are asked for their names, and names nobody asked for are passed over', async (t) => {
  const responder = createSocket('udp4');
  t.after(() => responder.close());
  responder.on('message', (message, { port, address }) => {
    const asked = (['10.1.1.2', '10.1.1.3'] as const).find((each) => message.includes(name(reverseName(each))));
    responder.send(Buffer.from('nonsense'), port, address);
    responder.send(answer('10.1.1.9', name('liar.local')), port, address);
    if (asked === '10.1.1.2') responder.send(answer(asked, name('red001.local')), port, address);
    if (asked === '10.1.1.3') responder.send(answer(asked, name('bad\u001b[31m.local')), port, address);
  });
  await new Promise<void>((resolve) => responder.bind(0, '127.0.0.1', resolve));
  const to = { address: '127.0.0.1', port: responder.address().port };
  const names = await askMulticast(['10.1.1.2', '10.1.1.3'], { timeoutMs: 5000, to });
  assert.deepEqual(
    [...names].toSorted(),
    [
      ['10.1.1.2', 'red001.local'],
      ['10.1.1.3', 'bad\u001b[31m.local'],
    ],
    'names are made harmless where they are shown',
  );
  assert.equal((await askMulticast(['10.1.1.4'], { timeoutMs: 50, to })).size, 0, 'the time is over');
  assert.equal((await askMulticast([], { timeoutMs: 50, to })).size, 0);
  assert.equal(
    (await askMulticast(['10.1.1.2'], { timeoutMs: 50, from: '203.0.113.7' })).size,
    0,
    'no such own address',
  );
});
