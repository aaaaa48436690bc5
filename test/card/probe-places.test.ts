// Where a card is probed: never on the image, and for every likely true size where the image would show through.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type CardLayout, probePlaces } from '../../src/card/probe-places.js';

const mib = 1024 * 1024;
const gib = 1024 * mib;
const blockBytes = 4096;

/** Repeatable chance. */
function chance(seed: number): () => number {
  let word = seed >>> 0;
  return () => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    return word / 2 ** 32;
  };
}

const neverZero = () => false;
const placesIn = (layout: CardLayout, seed = 1) => probePlaces(layout, chance(seed), neverZero);

const isUsed = ({ used }: CardLayout, at: number): boolean =>
  used.some(({ startBytes, endBytes }) => at >= startBytes && at + blockBytes <= endBytes);

/** An image of 3 GB, little of it used, on a card of 64 GB: what comes out elsewhere hits nothing by chance. */
const usual: CardLayout = {
  cardBytes: 63_864_569_856,
  imageBytes: 2_986_344_448,
  used: [
    { startBytes: 4 * mib, endBytes: 12 * mib },
    { startBytes: 540 * mib, endBytes: 560 * mib },
  ],
};

test('for every power of two below the size of the card there is a place that falls on the image', () => {
  for (let seed = 1; seed < 20; seed++) {
    const places = placesIn(usual, seed);
    for (let wrapBytes = 64 * mib; wrapBytes < usual.cardBytes; wrapBytes *= 2)
      assert.ok(
        places.some((place) => place >= wrapBytes && isUsed(usual, place % wrapBytes)),
        `${wrapBytes / mib} MiB`,
      );
    assert.equal(places.length, 10 + 4);
  }
});

test('the place for a power behind the image is one turn away, so that it tells the size itself', () => {
  const places = placesIn(usual);
  for (const wrapBytes of [4 * gib, 8 * gib, 16 * gib, 32 * gib])
    assert.ok(
      places.some((place) => isUsed(usual, place - wrapBytes)),
      `${wrapBytes / gib} GiB`,
    );
});

test('a block that is zero after all is left for another', () => {
  const zeroBelow = 100 * mib;
  const asked: number[] = [];
  const isZero = (at: number) => {
    asked.push(at);
    return at < zeroBelow;
  };
  const places = probePlaces(usual, chance(3), isZero);
  assert.ok(asked.length > 10);
  assert.ok(asked.every((at) => isUsed(usual, at)));
  const shown = places.filter((place) => isUsed(usual, place % (32 * gib)) && place > 32 * gib);
  assert.ok(shown.some((place) => place % (32 * gib) >= zeroBelow));
});

test('without room behind the image, or without a used block, there are few places or none', () => {
  assert.deepEqual(placesIn({ ...usual, imageBytes: usual.cardBytes - mib }), []);
  assert.deepEqual(placesIn({ ...usual, imageBytes: usual.cardBytes }), []);
  assert.deepEqual(placesIn({ ...usual, cardBytes: 0, imageBytes: 0 }), []);
  assert.equal(placesIn({ ...usual, used: [] }).length, 4);
  const oneBlock = { ...usual, imageBytes: usual.cardBytes - mib - 2 * blockBytes };
  assert.ok(placesIn(oneBlock).length >= 1);
});

test('places are different blocks behind the image, in neither end of the card, at most 23', () => {
  const sizes = fc.record({
    card: fc.integer({ min: 0, max: 2 ** 34 }),
    image: fc.integer({ min: 0, max: 2 ** 34 }),
    from: fc.integer({ min: 1, max: 2 ** 20 }),
    blocks: fc.integer({ min: 1, max: 2 ** 20 }),
    seed: fc.integer(),
  });
  const property = fc.property(sizes, ({ card, image, from, blocks, seed }) => {
    const used = [{ startBytes: from * blockBytes, endBytes: (from + blocks) * blockBytes }];
    const layout = { cardBytes: card * 512, imageBytes: image, used };
    const places = placesIn(layout, seed);
    assert.ok(places.length <= 23);
    assert.equal(new Set(places).size, places.length);
    for (const place of places) {
      assert.equal(place % blockBytes, 0);
      assert.ok(place >= Math.max(mib, image) && place + blockBytes <= layout.cardBytes - mib, `${place}`);
    }
  });
  fc.assert(property, { numRuns: 300 });
});
