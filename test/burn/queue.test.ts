// The queue of nodes: who gets which, and that nobody waits for what can never come.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Gate } from '../../src/burn/gate.js';
import { type Work, WorkQueue } from '../../src/burn/queue.js';

const works = (count: number): Work[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    card: { hostname: `red${index + 1}`, files: [], patchBytes: 0 },
    patch: [],
    attempts: 0,
  }));

const nameOf = (work: Work | undefined): string | undefined => work?.card.hostname;

test('works are taken in their order, and the queue ends when the last is settled', async () => {
  const queue = new WorkQueue(works(2));
  assert.equal(nameOf(queue.take()), 'red1');
  assert.equal(nameOf(queue.take()), 'red2');
  assert.deepEqual([queue.take(), queue.isOver], [undefined, false]);
  queue.settle();
  queue.settle();
  assert.equal(queue.isOver, true);
});

test('a slot without work hears of it when another one gives its own back', async () => {
  const queue = new WorkQueue(works(1));
  const work = queue.take();
  assert.ok(work !== undefined);
  const changed = queue.changed();
  queue.putBack(work);
  await changed;
  assert.equal(nameOf(queue.take()), 'red1', 'the slot that gave it back has left');
});

test('what a slot holds without a card is taken over, the longest waiting first, and that slot is told', () => {
  const queue = new WorkQueue(works(3));
  const [first, second] = [queue.take(), queue.take()];
  assert.ok(first !== undefined && second !== undefined);
  const told: string[] = [];
  queue.offer(first, () => told.push('first'));
  const keep = queue.offer(second, () => told.push('second'));
  assert.equal(nameOf(queue.takeOver()), 'red3', 'what waits comes before what is held');
  assert.equal(nameOf(queue.takeOver()), 'red1');
  keep();
  assert.equal(queue.takeOver(), undefined, 'the second slot has a card by now');
  assert.deepEqual(told, ['first']);
});

test('who gives a work back takes it again before a slot that waits', async () => {
  const queue = new WorkQueue(works(1));
  const work = queue.take();
  assert.ok(work !== undefined);
  let other: Work | undefined;
  const waiting = queue.changed().then(() => {
    other = queue.take();
  });
  queue.putBack(work);
  await Promise.resolve();
  assert.equal(nameOf(queue.take()), 'red1');
  await waiting;
  assert.equal(other, undefined);
});

test('what is given back goes behind what still waits', async () => {
  const queue = new WorkQueue(works(3));
  const first = queue.take();
  assert.ok(first !== undefined);
  queue.putBack(first);
  assert.deepEqual([nameOf(queue.take()), nameOf(queue.take()), nameOf(queue.take())], ['red2', 'red3', 'red1']);
  assert.equal(queue.take(), undefined);
});

test('what nobody takes is left', () => {
  const queue = new WorkQueue(works(2));
  const first = queue.take();
  assert.ok(first !== undefined);
  queue.putBack(first);
  assert.deepEqual(queue.left.map(nameOf), ['red2', 'red1']);
});

test('a gate lets so many through at a time, in their order, and goes on after a failure', async () => {
  const gate = new Gate(2);
  const order: string[] = [];
  let inside = 0;
  let most = 0;
  const pass = (name: string, fails: boolean) =>
    gate.pass(async () => {
      order.push(name);
      most = Math.max(most, ++inside);
      await setImmediate();
      inside--;
      if (fails) throw new Error(name);
    });
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => pass(name, name === 'b'));
  const ends = await Promise.allSettled(all);
  assert.deepEqual(order, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual([most, inside], [2, 0]);
  assert.deepEqual(
    ends.map(({ status }) => status === 'fulfilled'),
    [true, false, true, true, true],
  );
});
