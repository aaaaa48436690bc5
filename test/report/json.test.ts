// The run for programs: lines that parse back to what happened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BurnEvent } from '../../src/protocol.js';
import { toJsonLine } from '../../src/report/json.js';
import { hostileRun } from './hostile.js';
import { goodCard, progress } from './samples.js';

test('a line is the event with its version first', () => {
  assert.equal(
    toJsonLine(progress(1, 5, 10)),
    '{"version":1,"type":"progress","slot":1,"device":"/dev/sda","phase":"writing","doneBytes":5,"totalBytes":10,"elapsedMs":0}',
  );
});

test('patches and bytes are never in it', () => {
  const card = { ...goodCard, patch: [{ offsetBytes: 0, bytes: new Uint8Array(4) }], extra: Buffer.from('secret') };
  const line = toJsonLine({ type: 'card-end', card: { ...card, ...{ segments: new SharedArrayBuffer(8) } } });
  assert.deepEqual(JSON.parse(line), { version: 1, type: 'card-end', card: { ...goodCard } });
});

test('control characters are escaped, not lost', () => {
  const message = 'a\u001b[31m\n\u009b\u202e\u{e0001}\u2028z';
  const line = toJsonLine({ type: 'warning', message });
  assert.equal(line, '{"version":1,"type":"warning","message":"a\\u001b[31m\\n\\u009b\\u202e\\udb40\\udc01\\u2028z"}');
  assert.equal(JSON.parse(line).message, message);
});

test('every event is one line without control characters and parses back', () => {
  fc.assert(
    fc.property(hostileRun, (events) => {
      for (const [, event] of events) {
        const line = toJsonLine(event);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        assert.deepEqual(JSON.parse(line), JSON.parse(plainJson(event)));
      }
    }),
  );
});

const plainJson = (event: BurnEvent): string => JSON.stringify({ version: 1, ...event });
