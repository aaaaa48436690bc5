// Random events with everything in them that should never come: numbers that are none, names full of control
// characters, events in any order. And the judge of what may be printed.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { given } from '../../src/given.js';
import { type BurnEvent, type CardReport, phases } from '../../src/protocol.js';
import { samplePlan, sampleSummary, sampleTarget } from './samples.js';

const nastyCharacters = [
  '\u001b',
  '[31m',
  '\u0007',
  '\n',
  '\r',
  '\t',
  '\u009b',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ud800',
];
const plainPieces = ['red', '001', ' ', '-', 'é', '漢字', '🍓', 'e\u0301', '/', 'x'.repeat(30)];

const name = fc
  .array(fc.constantFrom(...nastyCharacters, ...plainPieces), { maxLength: 8 })
  .map((pieces) => pieces.join(''));
const count = fc.oneof(
  fc.integer({ min: 0, max: 4_000_000_000 }),
  fc.constantFrom(0, -1, NaN, Infinity, -Infinity, 1e300, Number.MAX_SAFE_INTEGER),
);
const slot = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(-1, 123_456_789));
const phase = fc.constantFrom(...phases);
const outcome = fc.constantFrom('good', 'failed', 'cancelled');

const cardReport: fc.Arbitrary<CardReport> = fc
  .record({
    slot,
    device: name,
    round: fc.nat(3),
    attempt: fc.nat(3),
    place: name,
    willRetry: fc.boolean(),
    model: name,
    sizeBytes: count,
    hostname: name,
    address: name,
    outcome,
    bootable: fc.constantFrom('yes', 'no', 'untouched', 'unknown'),
    writtenBytes: count,
    skippedBytes: count,
    verifiedBytes: count,
    writeMs: count,
    verifyMs: count,
    totalMs: count,
    warnings: fc.array(name, { maxLength: 12 }),
    failure: fc.record({ kind: fc.constant('failed'), code: name, message: name, hint: name }),
  } as const)
  .map((card) => ({
    ...card,
    repairs: [{ offsetBytes: 0, lengthBytes: card.writtenBytes, how: 'reread' }],
    direct: true,
  }));

export const hostileSummary = fc
  .record({ cards: fc.array(cardReport, { maxLength: 5 }), elapsedMs: count, good: fc.nat(9), failed: fc.nat(9) })
  .map((parts) => ({ ...sampleSummary, ...parts }));

export const hostilePlan = fc.record({ name, count, slot }).map(({ name: text, count: number, slot: where }) => ({
  ...samplePlan,
  image: { source: text, sizeBytes: number, writeBytes: number, flavourReason: text, layout: [text] },
  targets: [{ ...sampleTarget, path: text, model: text, serial: text, content: text, mountpoints: [text] }],
  notReady: [{ slot: where, device: text, message: text }],
  cards: [{ slot: where, device: text, hostname: text, files: [{ path: text, text }], patchBytes: number }],
}));

const event: fc.Arbitrary<BurnEvent> = fc.oneof(
  fc.record({
    type: fc.constant('image'),
    state: fc.constantFrom('reading', 'whole', 'broken'),
    how: fc.constantFrom('decode', 'read', 'reuse'),
    decoder: name,
    doneBytes: count,
    totalBytes: count,
    elapsedMs: count,
  } as const),
  fc.record({ type: fc.constant('plan'), plan: hostilePlan } as const),
  fc.record({ type: fc.constant('warning'), message: name, device: name } as const),
  fc.record({ type: fc.constant('card-start'), slot, device: name, round: fc.nat(3), hostname: name } as const),
  fc.record({
    type: fc.constant('progress'),
    slot,
    device: name,
    hostname: name,
    phase,
    doneBytes: count,
    totalBytes: count,
    elapsedMs: count,
  } as const),
  fc
    .record({
      type: fc.constant('slot-wait'),
      slot,
      device: name,
      hostname: name,
      address: name,
      trouble: fc.option(name, { nil: undefined }),
    } as const)
    .map(({ trouble, ...wait }) => ({ ...wait, ...given({ trouble }) })),
  fc.record({ type: fc.constant('slot-idle'), slot, device: name } as const),
  fc.record({ type: fc.constant('slow'), slot, device: name, hostname: name, phase, message: name } as const),
  fc.record({ type: fc.constant('stall'), slot, device: name, stalledMs: count, phase } as const),
  fc.record({ type: fc.constant('card-end'), card: cardReport } as const),
  fc.record({ type: fc.constant('end'), summary: hostileSummary } as const),
);

/** Events in any order, each with a clock that may stand still or jump, also backwards. */
export const hostileRun = fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), event), { maxLength: 40 });

/** Fails when a printed line could harm a terminal or shows a number that is none. */
export function assertHarmless(line: string): void {
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  assert.doesNotMatch(line, /NaN|Infinity|undefined|null|\[object/);
}
