// Loop devices that stand in for cards, burned in a process of its own under the fault shim, for the tests of this room.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CardJob, TargetIdentity } from '../../src/protocol.js';
import { loopDevice, pattern, scratchFolder } from '../native/scratch.js';
import { buildShim } from '../shim/build.js';
import type { Order, Outcome } from './burn-child.js';

export const mib = 1024 * 1024;
export const newCardId = '00112233445566778899aabbccddeeff';
const child = fileURLToPath(new URL('./burn-child.js', import.meta.url));

/** An image of 6 MiB and a bit: its first block, and so much from 2 MiB on, each block different. */
export function sampleImage(usedBytes = mib, imageBytes = 6 * mib + 700): Buffer {
  const image = Buffer.alloc(imageBytes);
  pattern(4096).copy(image);
  const end = Math.min(2 * mib + usedBytes, imageBytes);
  pattern(end - 2 * mib, 5).copy(image, 2 * mib);
  for (let at = 2 * mib; at < end; at += 4096) image.writeUInt32LE(at, at); // the pattern comes again and again
  return image;
}

export class ChildBench {
  readonly folder: string;
  readonly imagePath: string;
  /** What is behind the device, or the card itself if it is a file. */
  readonly mediumPath: string;
  readonly target: TargetIdentity;
  #runs = 0;
  readonly #shim: string;

  private constructor(folder: string, target: TargetIdentity, image: Buffer, shim: string) {
    this.folder = folder;
    this.mediumPath = join(folder, 'medium');
    this.imagePath = join(folder, 'image');
    this.target = target;
    this.#shim = shim;
    writeFileSync(this.imagePath, image);
  }

  /** A card of this size; undefined, and the test skipped, where there can be none. */
  static make(
    t: TestContext,
    kind: 'block' | 'file',
    sizeBytes: number,
    image = sampleImage(),
  ): ChildBench | undefined {
    const folder = scratchFolder(t);
    const mediumPath = join(folder, 'medium');
    const file = openSync(mediumPath, 'w');
    ftruncateSync(file, sizeBytes);
    closeSync(file);
    const path = kind === 'file' ? mediumPath : loopDevice(t, mediumPath);
    if (path === undefined) return undefined;
    const shim = buildShim(folder);
    if (shim === undefined) t.skip('needs a C compiler (cc)');
    const deviceNumber = kind === 'file' ? {} : { deviceNumber: numberOf(path) };
    return shim === undefined
      ? undefined
      : new ChildBench(folder, { path, kind, sizeBytes, ...deviceNumber }, image, shim);
  }

  /** Burns the image onto the card with these faults in force (test/shim/fault.c, without their `path`). */
  burn(faults: readonly string[], more: Partial<CardJob> = {}, arrival: Order['arrival'] = 'before'): Outcome {
    const { patch: blocks = [], ...others } = more;
    const patch = blocks.map(({ offsetBytes, bytes }) => [offsetBytes, Buffer.from(bytes).toString('base64')] as const);
    const job = {
      target: this.target,
      verify: true,
      full: false,
      delta: false,
      requestBytes: mib,
      probe: true,
      wipeAll: false,
      eject: false,
      newCardId,
      ...others,
    };
    const order: Order = { imagePath: this.imagePath, arrival, job, patch };
    this.#runs++;
    const rules = faults.map((fault) => fault.replace(' ', ` path=${this.target.path} `));
    const { NODE_TEST_CONTEXT: _context, ...environment } = process.env;
    const shim = { LD_PRELOAD: this.#shim, PIBURN_FAULTS: rules.join(';'), PIBURN_FAULTS_LOG: this.#logPath };
    const run = spawnSync(process.execPath, [child, JSON.stringify(order)], {
      encoding: 'utf8',
      env: { ...environment, ...(faults.length > 0 ? shim : {}) },
      timeout: 60_000,
    });
    if (run.status !== 0) throw new Error(`the burn did not end by itself: ${run.stderr}`);
    return JSON.parse(run.stdout);
  }

  /** The calls on which faults struck in the last burn: `write 4096 512`. */
  struck(): string[] {
    if (!existsSync(this.#logPath)) return [];
    return readFileSync(this.#logPath, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ').slice(0, 3).join(' '));
  }

  /** Bytes of the medium, past the device and its faults. */
  bytes(offsetBytes: number, lengthBytes: number): Buffer {
    const file = openSync(this.mediumPath, 'r');
    try {
      const bytes = Buffer.alloc(lengthBytes);
      return bytes.subarray(0, readSync(file, bytes, 0, lengthBytes, offsetBytes));
    } finally {
      closeSync(file);
    }
  }

  /** The blocks of 4 KiB from an offset to the end that are not zero. */
  usedBlocks(fromBytes: number): number[] {
    const found: number[] = [];
    const sizeBytes = this.target.sizeBytes ?? 0;
    for (let at = fromBytes; at < sizeBytes; at += 4 * mib) {
      const bytes = this.bytes(at, Math.min(4 * mib, sizeBytes - at));
      if (bytes.equals(Buffer.alloc(bytes.length))) continue;
      for (let block = 0; block < bytes.length; block += 4096)
        if (!bytes.subarray(block, block + 4096).every((byte) => byte === 0)) found.push(at + block);
    }
    return found;
  }

  get #logPath(): string {
    return join(this.folder, `log-${this.#runs}`);
  }
}

const numberOf = (device: string): string =>
  readFileSync(`/sys/block/${device.replace('/dev/', '')}/dev`, 'utf8').trim();
