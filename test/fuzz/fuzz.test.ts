// The fuzzer itself: it finds a defect that is there, says with which input, and repeats itself with the same seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandHostlist } from '../../src/hostlist.js';
import { fuzz } from './fuzz.js';
import { bytesOf, type Edit, type Input, parseInput } from './input.js';
import { groundOf, mutate } from './mutate.js';
import { Random } from './random.js';
import { seedOf } from './seeds.js';
import { attempt } from './targets/judge.js';
import type { Target } from './targets/target.js';

/** Far longer than it takes. */
const seconds = 100;

test('a defect that is there is found, with an input that shows it', async () => {
  const target: Target = {
    name: 'hostlist',
    isText: true,
    words: ['[', ']', ',', '-'],
    run(bytes) {
      const items = attempt(() => expandHostlist(bytes.toString('utf8'), '--hostname')) ?? [];
      if (items.length > 1 && items.length < 12) throw new Error('planted');
    },
  };
  const { defect } = await fuzz(target, {
    target: 'hostlist',
    seconds,
    seed: 1,
    shared: new SharedArrayBuffer(1 << 20),
  });
  assert.match(defect?.error ?? '', /planted/);
  assert.ok(defect !== undefined);
  assert.throws(() => target.run(bytesOf(seedOf(defect.input.seed), defect.input)), /planted/);
});

test('a parser that throws what is no PiburnError is a defect', () => {
  assert.throws(() => attempt(() => Reflect.get(Object(1), 'length').at(0)), TypeError);
});

test('the same seed makes the same inputs, and they survive JSON', () => {
  const ground = groundOf(seedOf('hostlist-some'), ['['], true);
  const once = (start: number): Input[] => {
    const random = new Random(start);
    let input: Input = { seed: 'hostlist-some', edits: [] };
    return Array.from({ length: 20 }, () => (input = mutate(input, input, ground, random)));
  };
  fc.assert(
    fc.property(fc.nat(), (start) => {
      const inputs = once(start);
      assert.deepEqual(once(start), inputs);
      assert.deepEqual(JSON.parse(JSON.stringify(inputs)).map(parseInput), inputs);
    }),
    { numRuns: 20 },
  );
});

test('edits that keep the length overwrite, others take out and put in', () => {
  const edit = (at: number, remove: number, insert: string): Edit => ({
    at,
    remove,
    insert: Buffer.from(insert).toString('hex'),
  });
  const cases: readonly (readonly [edits: readonly Edit[], bytes: string])[] = [
    [[], 'abcdef'],
    [[edit(1, 2, 'XY')], 'aXYdef'],
    [[edit(1, 2, 'XY'), edit(2, 2, 'zz')], 'aXYzef'],
    [[edit(4, 9, ''), edit(0, 0, '12')], '12abcd'],
    [[edit(6, 0, 'g')], 'abcdefg'],
  ];
  for (const [edits, bytes] of cases) {
    assert.equal(bytesOf(Buffer.from('abcdef'), { seed: '', edits }).toString(), bytes);
  }
});
