// One card during a bench, on the thread that owns it: opened once and held until the end, so that nobody else reads or
// writes it between two steps (udev looks at a disk whenever one who wrote closes it). Only the calls of the kernel are
// timed.

import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { failure, interruption } from '../../errors.js';
import { type Device, openDevice } from '../../native.js';
import type { BenchOperation, BenchWrong } from '../../protocol/bench.js';
import type { TargetIdentity } from '../../protocol.js';
import { changed, openToWrite, zeroEnds } from '../open-device.js';
import type { Progress } from '../progress.js';
import type { StepGate } from './gate.js';
import { Noise } from './noise.js';
import { headBytes } from './range.js';
import { usualBlockBytes } from './steps.js';

export interface CardOrder {
  readonly target: TargetIdentity;
  readonly readOnly: boolean;
  /** A file of this size is to be made. */
  readonly freshBytes?: number;
  readonly rangeBytes: number;
}

export interface StepOrder {
  readonly operation: BenchOperation;
  readonly blockBytes: number;
  readonly direct: boolean;
  /** So many meet at the gate. */
  readonly readers: number;
  /** It ends after so long, or with the range, but not before `leastMs` because of that. */
  readonly limitMs: number;
  readonly leastMs: number;
  /** It ends after so many bytes in any case. */
  readonly mostBytes: number;
}

export interface Transferred {
  readonly doneBytes: number;
  readonly elapsedMs: number;
  readonly wrong?: BenchWrong;
}

/** What remembers which pass wrote a place counts in these; the smallest block of any step. */
const unitBytes = 64 * 1024;

export class BenchCard {
  readonly #device: Device;
  readonly #order: CardOrder;
  readonly #progress: Progress;
  readonly #noise = new Noise();
  /** For each unit of the range the pass that wrote it; 0: none. */
  readonly #passOf: Uint32Array;
  #pass = 0;
  #writtenBytes = 0;

  /** @throws PiburnError `TARGET_CHANGED`, `TARGET_READ_ONLY`; SystemError. */
  constructor(order: CardOrder, progress: Progress) {
    this.#order = order;
    this.#progress = progress;
    this.#passOf = new Uint32Array(order.rangeBytes / unitBytes);
    this.#device = open(order);
    if (order.readOnly || order.freshBytes !== undefined) return;
    try {
      progress.touch();
      zeroEnds(this.#device);
    } catch (error) {
      this.#device.close();
      throw error;
    }
  }

  get facts(): { readonly sizeBytes: number; readonly direct: boolean } {
    return { sizeBytes: this.#order.freshBytes ?? this.#device.info.sizeBytes, direct: this.#device.info.direct };
  }

  /** @throws SystemError; PiburnError `INTERRUPTED`. */
  measure(step: StepOrder, gate: StepGate): Transferred {
    const device = step.direct ? this.#device : this.#openBuffered(step);
    try {
      this.#progress.enter(step.operation === 'write' ? 'writing' : 'reading', 0);
      gate.meet(step.readers, () => this.#progress.cancelled || gate.stopped);
      return step.operation === 'write' ? this.#write(step, gate, device) : this.#read(step, gate, device);
    } finally {
      gate.stop();
      if (device !== this.#device) device.close();
    }
  }

  /** Leaves a card without a partition table, and a file without what it was filled with. */
  close(): void {
    try {
      if (this.#order.readOnly || this.#order.freshBytes !== undefined) return;
      if (this.#device.info.kind === 'file') this.#device.punch(0, this.#device.info.sizeBytes);
      zeroEnds(this.#device);
      this.#device.rereadPartitions();
    } finally {
      this.#device.close();
    }
  }

  /** Beside the one that is held. */
  #openBuffered({ operation }: StepOrder): Device {
    const write = operation === 'write';
    return openDevice(this.#order.target.path, { write, direct: false, bufferBytes: usualBlockBytes });
  }

  #write(step: StepOrder, gate: StepGate, device: Device): Transferred {
    this.#pass += 1;
    const block = device.buffer.subarray(0, step.blockBytes);
    const moved = this.#transfer(step, gate, this.#order.rangeBytes, (offsetBytes) => {
      this.#noise.fill(block, offsetBytes, this.#pass);
      // Before the call: one that fails may have written a part.
      this.#note(offsetBytes - headBytes, step.blockBytes);
      return timed(() => device.writeBuffer(offsetBytes, step.blockBytes, step.blockBytes));
    });
    const flushMs = timed(() => device.flush());
    this.#progress.add(0);
    this.#writtenBytes = Math.max(this.#writtenBytes, Math.min(moved.doneBytes, this.#order.rangeBytes));
    return { doneBytes: moved.doneBytes, elapsedMs: moved.elapsedMs + flushMs };
  }

  #read(step: StepOrder, gate: StepGate, device: Device): Transferred {
    const { readOnly, rangeBytes, target } = this.#order;
    const known = Math.floor(this.#writtenBytes / step.blockBytes) * step.blockBytes;
    let wrong: BenchWrong | undefined;
    // The addon would drop what the kernel has read ahead; this is to show the page cache at its best, but empty at first.
    const source = device.info.direct ? undefined : openSync(target.path, 'r');
    try {
      if (source !== undefined) device.flush();
      const moved = this.#transfer(step, gate, readOnly ? rangeBytes : known, (offsetBytes) => {
        const elapsedMs = timed(() => readBlock(device, source, target.path, offsetBytes, step.blockBytes));
        if (!readOnly) wrong = worse(wrong, this.#check(device.buffer, offsetBytes, step.blockBytes));
        return elapsedMs;
      });
      return wrong === undefined ? moved : { ...moved, wrong };
    } finally {
      if (source !== undefined) closeSync(source);
    }
  }

  /** Block after block of a range, again from its beginning at its end, until there is enough. */
  #transfer(step: StepOrder, gate: StepGate, rangeBytes: number, move: (offsetBytes: number) => number): Transferred {
    const endMs = performance.now() + step.limitMs;
    let doneBytes = 0;
    let elapsedMs = 0;
    for (;;) {
      if (this.#progress.cancelled) throw interruption(`the bench of ${this.#order.target.path} was interrupted`);
      if (rangeBytes === 0) break;
      elapsedMs += move(headBytes + (doneBytes % rangeBytes));
      doneBytes += step.blockBytes;
      this.#progress.add(step.blockBytes);
      const isEnough = doneBytes >= this.#order.rangeBytes && elapsedMs >= step.leastMs;
      if (isEnough || doneBytes >= step.mostBytes || gate.stopped || performance.now() >= endMs) break;
    }
    gate.stop();
    return { doneBytes, elapsedMs };
  }

  #note(atBytes: number, lengthBytes: number): void {
    this.#passOf.fill(this.#pass, atBytes / unitBytes, (atBytes + lengthBytes) / unitBytes);
  }

  /** Block by block of the smallest size, since a range may hold several passes. */
  #check(buffer: Buffer, offsetBytes: number, lengthBytes: number): BenchWrong | undefined {
    let wrong: BenchWrong | undefined;
    for (let at = 0; at < lengthBytes; at += unitBytes) {
      const pass = this.#passOf[(offsetBytes - headBytes + at) / unitBytes] ?? 0;
      const found = this.#noise.differences(buffer.subarray(at, at + unitBytes), offsetBytes + at, pass);
      wrong = worse(wrong, found);
    }
    return wrong;
  }
}

function open({ target, readOnly, freshBytes }: CardOrder): Device {
  const bufferBytes = usualBlockBytes;
  if (freshBytes !== undefined) {
    const device = openDevice(target.path, { write: true, create: true, exclusive: true, bufferBytes });
    try {
      device.truncate(freshBytes);
      return device;
    } catch (error) {
      device.close();
      rmSync(target.path);
      throw error;
    }
  }
  if (!readOnly) return openToWrite(target, bufferBytes);
  const device = openDevice(target.path, { write: false, bufferBytes });
  const problem = changed(device.info, target);
  if (problem === undefined) return device;
  device.close();
  throw problem;
}

function timed(call: () => void): number {
  const startedMs = performance.now();
  call();
  return performance.now() - startedMs;
}

/** `source`: a descriptor that reads through the page cache. */
function readBlock(
  device: Device,
  source: number | undefined,
  path: string,
  offsetBytes: number,
  lengthBytes: number,
): void {
  const gotBytes =
    source === undefined
      ? device.read(offsetBytes, lengthBytes, lengthBytes)
      : readSync(source, device.buffer, 0, lengthBytes, offsetBytes);
  if (gotBytes === lengthBytes) return;
  throw failure('SHORT_READ', `${path} gave ${gotBytes} of ${lengthBytes} bytes at byte ${offsetBytes}`, {
    device: path,
    offsetBytes,
    hint: 'try the card in another reader; probe it if this comes again',
  });
}

/** Both findings in one. */
const worse = (before: BenchWrong | undefined, found: BenchWrong | undefined): BenchWrong | undefined =>
  before === undefined || found === undefined
    ? (before ?? found)
    : { blocks: before.blocks + found.blocks, firstBytes: Math.min(before.firstBytes, found.firstBytes) };
