// How much of a card one write or read asks for: first what its queue in the kernel shows, less while the card takes far
// too long over a request. Pure: whoever has the clock says how long a piece took.
//
// The kernel cuts a request of ours into its own (120 KiB to 1280 KiB). A Bulk-Only reader and an MMC slot take them one by
// one; a UAS reader gets all at once, and the timer of each runs. Seen with the UAS reader of QEMU under Linux 6.1: slowed
// to 100 kB/s, one request of 4 MiB, eight commands, ended in EIO after 243 s, 8 aborts and 6 resets; four of 1 MiB took
// 41 s without an abort. A burn on which it slows from 300 to 90 kB/s: 12 aborts and 3 resets with requests of 4 MiB
// throughout, none with those of this file. Where nothing is wrong size matters little: 64 MiB took 0.9 s in requests of
// 4 MiB and of 1 MiB, 1.6 s in those of 512 KiB, 3.4 s in those of 128 KiB.

import { segmentBytesMax } from '../image/segment-table.js';
import type { QueueInfo } from '../native.js';

const grainBytes = 4096;
/** More at once is of no use to a card, and what readers stall on (rpi-imager 1592: 256 requests of 8 MiB, never done). */
const usbRequestsMax = 8;

/**
 * The largest request that makes sense for a device: a whole piece, or else as many whole requests of the kernel as the
 * device may be given at once, so that no odd rest is left over for each of ours.
 */
export function firstRequestBytes(queue: QueueInfo | undefined): number {
  const kernelBytes = wholeGrains(queue?.kernelRequestBytes ?? segmentBytesMax);
  const atOnce = kernelBytes * requestsAtOnce(queue);
  if (atOnce >= segmentBytesMax) return segmentBytesMax;
  const optimalBytes = queue?.optimalBytes ?? 0;
  // Some readers claim nonsense, such as 33553920 bytes.
  const isSound = optimalBytes > 0 && optimalBytes <= atOnce && optimalBytes % kernelBytes === 0;
  return wholeSteps(atOnce, isSound ? optimalBytes : kernelBytes);
}

function requestsAtOnce(queue: QueueInfo | undefined): number {
  if (queue?.deviceRequests === 1 || queue?.bus === 'mmc') return Number.POSITIVE_INFINITY;
  const most = queue?.bus === 'usb' ? usbRequestsMax : Number.POSITIVE_INFINITY;
  return Math.min(most, queue?.deviceRequests ?? most, queue?.kernelRequests ?? most);
}

const wholeSteps = (bytes: number, stepBytes: number): number => Math.floor(bytes / stepBytes) * stepBytes;
const wholeGrains = (bytes: number): number => Math.max(grainBytes, wholeSteps(bytes, grainBytes));

/**
 * A tenth of what Linux gives a SCSI command before it aborts it and resets the reader (SD_TIMEOUT in the kernel's
 * drivers/scsi/sd.h: 30 s), and more than the pauses of a sound card that puts its flash in order (0.1 to 2 s). Those are
 * as long whatever is asked for: smaller requests would not shorten them, only add their own cost to each.
 */
const tooLongMs = 3000;
/** Requests as short as this would be in time at twice the size too. */
const easyMs = tooLongMs / 4;
/** The size doubles again after so much without trouble. */
const quietBytes = 64 * 1024 * 1024;
/** Below, the cost of a request itself counts (about 1 ms in a reader), and less would be gained. */
const smallestBytes = 64 * 1024;

/** The size of the requests to one card. */
export class RequestSize {
  readonly #firstBytes: number;
  readonly #kernelBytes: number;
  readonly #isFixed: boolean;
  #bytes: number;
  #leastBytes: number;
  #quietBytes = 0;
  #tooLong = 0;

  /** `fixedBytes`: what the person has asked for, which is kept. */
  constructor(queue: QueueInfo | undefined, fixedBytes?: number) {
    this.#isFixed = fixedBytes !== undefined;
    this.#kernelBytes = wholeGrains(queue?.kernelRequestBytes ?? grainBytes);
    this.#firstBytes = fixedBytes ?? firstRequestBytes(queue);
    this.#bytes = this.#firstBytes;
    this.#leastBytes = this.#firstBytes;
  }

  /** Largest single request now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a piece that was written or read, or failed. */
  note(lengthBytes: number, elapsedMs: number): void {
    if (this.#isFixed || lengthBytes <= 0) return;
    const requestMs = elapsedMs * Math.min(1, this.#bytes / lengthBytes);
    if (requestMs > tooLongMs) this.#shrink();
    else if (requestMs <= easyMs) this.#growAfter(lengthBytes);
  }

  /** What the person is told at the end: one sentence, or none. */
  warnings(path: string): readonly string[] {
    // One alone may be a pause of this process: Ctrl-Z, or a machine that slept.
    if (this.#leastBytes === this.#firstBytes || this.#tooLong < 2) return [];
    return [
      `${path} took more than ${tooLongMs / 1000} seconds over requests, so they were made smaller, ` +
        `from ${kib(this.#firstBytes)} down to ${kib(this.#leastBytes)}: the card may be dying, or the reader`,
    ];
  }

  #shrink(): void {
    this.#tooLong++;
    this.#quietBytes = 0;
    const half = wholeGrains(this.#bytes / 2);
    if (half < smallestBytes) return;
    this.#bytes = half > this.#kernelBytes ? wholeSteps(half, this.#kernelBytes) : half;
    this.#leastBytes = Math.min(this.#leastBytes, this.#bytes);
  }

  #growAfter(lengthBytes: number): void {
    if (this.#bytes === this.#firstBytes) return;
    this.#quietBytes += lengthBytes;
    if (this.#quietBytes < quietBytes) return;
    this.#quietBytes = 0;
    this.#bytes = Math.min(this.#firstBytes, this.#bytes * 2);
  }
}

const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
