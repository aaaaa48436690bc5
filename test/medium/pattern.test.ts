// What a probe writes: told apart from zeros, from other places, and from what another probe has left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pattern } from '../../src/medium/pattern.js';
import { salt } from './simulated-card.js';

const block = 4096;
const size = 2 ** 45;

test('a stretch is the same whether it is made at once or block by block, also where the counter carries', () => {
  const pattern = new Pattern(salt);
  for (const from of [0, 2 ** 38 - 2 * block, 2 ** 44]) {
    const whole = pattern.make(from, 4 * block);
    for (let at = 0; at < whole.length; at += block) {
      assert.ok(whole.subarray(at, at + block).equals(pattern.make(from + at, block)), `${from} + ${at}`);
    }
  }
});

test('no two blocks are alike, and another salt makes others', () => {
  const pattern = new Pattern(salt);
  const all = [0, block, 2 ** 38, 2 ** 38 + block].map((at) => pattern.make(at, block).subarray(8).toString('hex'));
  all.push(new Pattern(Buffer.alloc(32)).make(0, block).subarray(8).toString('hex'));
  assert.equal(new Set(all).size, all.length);
});

test('a block is good, changed, lost or from elsewhere', () => {
  const pattern = new Pattern(salt);
  const judge = (bytes: Uint8Array) => pattern.judge(bytes, 8 * block, size);
  const own = pattern.make(8 * block, block);
  assert.deepEqual(judge(own), { state: 'good' });
  const flipped = Buffer.from(own);
  flipped[2000] = (flipped[2000] ?? 0) ^ 1;
  assert.deepEqual(judge(flipped), { state: 'changed' });
  assert.deepEqual(judge(Buffer.alloc(block)), { state: 'lost' });
  assert.deepEqual(judge(Buffer.alloc(block, 0xff)), { state: 'lost' });
  assert.deepEqual(judge(new Uint8Array(0)), { state: 'lost' });
  assert.deepEqual(judge(pattern.make(3 * block, block)), { state: 'elsewhere', shiftBytes: -5 * block });
  const made = Buffer.from(own);
  made.writeBigUInt64LE(BigInt(16 * block));
  assert.deepEqual(judge(made), { state: 'changed' }, 'an offset in clear alone proves nothing');
  assert.deepEqual(judge(new Pattern(Buffer.alloc(32)).make(8 * block, block)), { state: 'lost' }, 'of another probe');
});
