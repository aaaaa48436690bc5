// What lines of the history and of journals look like (src/protocol/records.ts, run.ts, card.ts), for reading them back.

import type { Failure } from '../errors.js';
import type { BurnRecord, CardReport, CardTrace, LatencySummary, Repair } from '../protocol.js';
import { amount, flag, listOf, oneOf, shape, text, time } from './shape.js';

const latency = shape<LatencySummary>({ pieces: amount, medianMs: amount, p99Ms: amount, maxMs: amount }, {});

export const outcome = oneOf('good', 'failed', 'cancelled');

export const burnRecord = shape<BurnRecord>(
  {
    version: oneOf(1),
    at: time,
    run: text,
    image: text,
    device: text,
    outcome,
    verified: flag,
    writtenBytes: amount,
    writeMs: amount,
    verifiedBytes: amount,
    verifyMs: amount,
    totalMs: amount,
    repairs: amount,
  },
  {
    hostname: text,
    address: text,
    imageSha256: text,
    port: text,
    slot: text,
    card: text,
    readerModel: text,
    readerSerial: text,
    sizeBytes: amount,
    code: text,
    message: text,
    unchangedBytes: amount,
    writeLatency: latency,
    readLatency: latency,
  },
);

const failure = shape<Failure>(
  { kind: oneOf('failed', 'usage', 'refused', 'interrupted'), code: text, message: text },
  { hint: text, device: text, offsetBytes: amount, lengthBytes: amount },
);

const repair = shape<Repair>({ offsetBytes: amount, lengthBytes: amount, how: oneOf('reread', 'rewritten') }, {});

export const cardReport = shape<CardReport>(
  {
    slot: amount,
    device: text,
    model: text,
    round: amount,
    attempt: amount,
    outcome,
    bootable: oneOf('yes', 'no', 'untouched', 'unknown'),
    writtenBytes: amount,
    skippedBytes: amount,
    verifiedBytes: amount,
    writeMs: amount,
    verifyMs: amount,
    totalMs: amount,
    repairs: listOf(repair),
    warnings: listOf(text),
    direct: flag,
  },
  {
    place: text,
    sizeBytes: amount,
    willRetry: flag,
    earlier: flag,
    mark: shape<CardTrace>({ offsetBytes: amount, lengthBytes: amount, xxh3: text }, {}),
    hostname: text,
    address: text,
    failure,
    unchangedBytes: amount,
    writeLatency: latency,
    readLatency: latency,
    cardId: text,
    ejected: flag,
  },
);
