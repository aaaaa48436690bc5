// Events on their way from many callbacks to one loop.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EventQueue } from '../../src/burn/event-queue.js';
import type { BurnEvent } from '../../src/protocol.js';

const warning = (message: string): BurnEvent => ({ type: 'warning', message });
const progress = (doneBytes: number): BurnEvent => ({
  type: 'progress',
  slot: 1,
  device: 'card.img',
  phase: 'writing',
  doneBytes,
  totalBytes: 1e9,
  elapsedMs: 0,
});

const messages = async (queue: EventQueue): Promise<string[]> => {
  const seen: string[] = [];
  for await (const event of queue) seen.push(event.type === 'warning' ? event.message : event.type);
  return seen;
};

test('events come in the order in which they were pushed, before and after the loop began', async () => {
  const queue = new EventQueue();
  queue.push(warning('a'));
  queue.push(warning('b'));
  const seen = messages(queue);
  await setImmediate();
  queue.push(warning('c'));
  await setImmediate();
  queue.push(warning('d'));
  queue.end();
  assert.deepEqual(await seen, ['a', 'b', 'c', 'd']);
});

test('a problem is thrown after the last event', async () => {
  const queue = new EventQueue();
  const problem = new Error('broken');
  const seen: string[] = [];
  const loop = async () => {
    for await (const event of queue) seen.push(event.type);
  };
  const looping = loop();
  await setImmediate();
  queue.push(warning('a'));
  queue.end(problem);
  await assert.rejects(looping, problem);
  assert.deepEqual(seen, ['warning']);
});

test('a queue that has ended takes nothing more and ends every later loop', async () => {
  const queue = new EventQueue();
  queue.push(warning('a'));
  queue.end();
  queue.push(warning('late'));
  assert.deepEqual(await messages(queue), ['a']);
  assert.deepEqual(await messages(queue), []);
});

test('a reader that is too slow misses progress and nothing else', async () => {
  const queue = new EventQueue();
  for (let index = 0; index < 10_000; index++) {
    queue.push(progress(index));
    if (index % 1000 === 0) queue.push(warning(`at ${index}`));
  }
  queue.end();
  const seen = await messages(queue);
  assert.deepEqual(
    seen.filter((each) => each !== 'progress'),
    Array.from({ length: 10 }, (_, index) => `at ${index * 1000}`),
  );
  const kept = seen.filter((each) => each === 'progress').length;
  assert.ok(kept > 100 && kept < 1000, `${kept} events of progress were kept`);
});

test('after a break the next loop goes on where the first one stopped', async () => {
  const queue = new EventQueue();
  for (const name of ['a', 'b', 'c']) queue.push(warning(name));
  for await (const event of queue) {
    assert.deepEqual(event, warning('a'));
    break;
  }
  queue.end();
  assert.deepEqual(await messages(queue), ['b', 'c']);
});

test('two loops at once both come to an end, and no event is lost', async () => {
  const queue = new EventQueue();
  const loops = [messages(queue), messages(queue)];
  await setImmediate();
  for (const name of ['a', 'b', 'c']) {
    queue.push(warning(name));
    await setImmediate();
  }
  queue.end();
  assert.deepEqual((await Promise.all(loops)).flat().sort(), ['a', 'b', 'c']);
});
