// The mark of a card, and what is told across threads about it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CardCounters } from '../../src/card/counters.js';
import { makeMark, markBytes, readMark } from '../../src/card/mark.js';

const cardId = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';
const salt = Buffer.alloc(16, 7);

test('a mark gives the id back that it was made with, and is its own for each burn', () => {
  const mark = makeMark(cardId, salt);
  assert.equal(mark.length, markBytes);
  assert.equal(mark.toString('latin1', 0, 13), 'PIBURN-CARD-1');
  assert.equal(readMark(mark), cardId);
  assert.ok(!makeMark(cardId, Buffer.alloc(16, 8)).equals(mark));
});

test('one wrong bit anywhere, and it is no mark', () => {
  for (const at of [0, 12, 15, 16, 31, 32, 47, 48, 2000, markBytes - 17, markBytes - 16, markBytes - 1]) {
    const mark = makeMark(cardId, salt);
    mark[at] = (mark[at] ?? 0) ^ 1;
    assert.equal(readMark(mark), undefined, `byte ${at}`);
  }
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(markBytes), makeMark(cardId, salt).subarray(1)])
    assert.equal(readMark(bytes), undefined);
});

test('an id or a salt of another length is a defect', () => {
  for (const wrong of ['', '00', `${cardId}0`, `${cardId}00`, 'x'.repeat(32)])
    assert.throws(() => makeMark(wrong, salt), /16 bytes/);
  assert.throws(() => makeMark(cardId, Buffer.alloc(15)), /16 bytes/);
});

test('the counters carry the id, and the slow pieces of a phase', () => {
  const own = new CardCounters();
  const others = new CardCounters(own.shared);
  assert.deepEqual([others.cardId, others.slowestMs, others.latePieces], [undefined, 0, 0]);
  own.noteCardId(cardId);
  own.enter('writing', 10);
  own.notePiece(20.4, false);
  own.notePiece(6000.6, true);
  own.notePiece(300, true);
  own.add(3);
  assert.deepEqual([others.cardId, others.slowestMs, others.latePieces], [cardId, 6001, 2]);
  assert.deepEqual([others.phase, others.doneBytes, others.totalBytes, others.cancelled], ['writing', 3, 10, false]);
  own.enter('verifying', 10);
  assert.deepEqual([others.cardId, others.slowestMs, others.latePieces], [cardId, 0, 0]);
});
