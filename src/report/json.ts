// The run for programs: one JSON object per line.

import type { BurnEvent } from '../protocol.js';

/**
 * An event as one line of JSON, without a line break at its end. Every line is an object with `version` (1) and
 * `type`; new types and fields may come, the ones below stay. Sizes are in bytes, times in milliseconds, `slot`
 * is the reader's number, or counts the targets (0: none), `device` is a path. Fields with `?` are left out when they are unknown.
 *
 * | type         | when                           | fields                                                                 |
 * | ------------ | ------------------------------ | ---------------------------------------------------------------------- |
 * | `image`      | while the image is decoded     | `state` (`reading`, `whole`, `broken`), `how` (`decode`, `read`,       |
 * |              | or read, and when it is whole  | `reuse`, `fetch`), `decoder?`, `doneBytes`, `totalBytes?`, `elapsedMs` |
 * | `fetch`      | while the image is downloaded  | `name`, `url`, `state` (`fetching`, `done`, `failed`), `doneBytes`,    |
 * |              |                                | `resumedBytes` (fetched by an earlier run), `totalBytes?`, `elapsedMs` |
 * | `plan`       | once, before the first write   | `plan`: `image`, `targets`, `notReady`, `cards` (without `slot`: the   |
 * |              |                                | next slot that is free), `verify`, `full`, `delta?`                    |
 * | `warning`    | something to know, any time    | `message`, `device?`                                                   |
 * | `card-start` | a card begins                  | `slot`, `device`, `round` (0 for the first card in it), `hostname?`    |
 * | `progress`   | up to ten times a second per   | `slot`, `device`, `hostname?`, `phase` (`waiting`, `wiping`,           |
 * |              | card                           | `comparing`, `writing`, `flushing`, `verifying`, `sealing`, `done`),   |
 * |              |                                | `doneBytes` and `totalBytes` of this phase, `elapsedMs`                |
 * | `stall`      | a card does not move           | `slot`, `device`, `stalledMs`, `phase`                                 |
 * | `slow`       | a card is slow or answers late | `slot`, `device`, `hostname?`, `phase`, `message`                      |
 * | `slot-idle`  | it waits no more               | `slot`, `device`                                                       |
 * | `slot-wait`  | a slot waits for a fresh card  | `slot`, `device`, `hostname?`, `address?`, `trouble?`                  |
 * | `card-end`   | a card is over, good or bad    | `card`: `slot`, `device`, `model`, `sizeBytes?`, `round`, `hostname?`, |
 * |              |                                | `address?`, `outcome` (`good`, `failed`, `cancelled`), `failure?`,     |
 * |              |                                | `bootable` (`yes`, `no`, `untouched`, `unknown`), `writtenBytes`,      |
 * |              |                                | `skippedBytes`, `verifiedBytes`, `writeMs`, `verifyMs`, `totalMs`,     |
 * |              |                                | `repairs`, `warnings`, `direct`, `attempt`, `willRetry?`, `place?`,    |
 * |              |                                | `cardId?`, `writeLatency?`, `readLatency?`, `ejected?`, `earlier?`,    |
 * |              |                                | `unchangedBytes?` (with --delta: there already, not written)           |
 * | `end`        | once, last                     | `summary`: `version`, `image`, `startedAt`, `elapsedMs`, `decodes`,    |
 * |              |                                | `good`, `failed`, `cancelled`, `cards` (as in `card-end`), `failure?`, |
 * |              |                                | `retried` (cards whose nodes got another one), `run?`                  |
 *
 * A `failure` is `kind` (`failed`, `usage`, `refused`, `interrupted`), `code`, `message`, `hint?`, `device?`,
 * `offsetBytes?`, `lengthBytes?`.
 */
export const toJsonLine = (event: BurnEvent): string => jsonLine(event);

/** Any facts for programs, in the same form. */
export function jsonLine(facts: object): string {
  return JSON.stringify({ version: 1, ...facts }, withoutBinary).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

// `this` is the object around the value: a Buffer arrives here already turned into an object by its toJSON.
function withoutBinary(this: unknown, key: string, value: unknown): unknown {
  const holder: Readonly<Record<string, unknown>> = Object(this);
  return key === 'patch' || isBinary(holder[key]) ? undefined : value;
}

const isBinary = (value: unknown): boolean =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;

// JSON allows C1 and bidi controls as they are; somebody may look at the lines on a terminal.
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
