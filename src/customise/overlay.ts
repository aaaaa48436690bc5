// Copy-on-write over an image: reads see the image with our changes, writes are kept apart, the image stays as it
// is. What differs in the end is the patch of one node.

import { failure } from '../errors.js';
import type { PatchBlock } from '../protocol.js';

/** The grain of a patch: what every card can address. */
const sectorBytes = 512;

/** Reads exactly `lengthBytes` of the image; the caller of `Overlay` provides it. */
export type ReadImage = (offsetBytes: number, lengthBytes: number) => Uint8Array;

/** An image with changes over it. It holds one copy of each changed sector, so it never outgrows what is written. */
export class Overlay {
  readonly #readThrough: ReadImage;
  readonly #sectors = new Map<number, Uint8Array>();

  constructor(read: ReadImage) {
    this.#readThrough = read;
  }

  /** A fresh copy of the bytes as they are now. Throws IMAGE_TOO_SHORT when the image ends before them. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = this.#readImage(offsetBytes, lengthBytes);
    for (const piece of sectorPieces(offsetBytes, lengthBytes)) {
      const sector = this.#sectors.get(piece.sector);
      if (sector !== undefined) bytes.set(sector.subarray(piece.within, piece.within + piece.length), piece.done);
    }
    return bytes;
  }

  /** Replaces bytes, in the overlay only. */
  write(offsetBytes: number, bytes: Uint8Array): void {
    for (const piece of sectorPieces(offsetBytes, bytes.length)) {
      this.#ownSector(piece.sector).set(bytes.subarray(piece.done, piece.done + piece.length), piece.within);
    }
  }

  /** What differs from the image: ascending, adjacent sectors merged, without sectors that ended as they began. */
  patch(): PatchBlock[] {
    const changed = [...this.#sectors]
      .filter(([sector, bytes]) => Buffer.compare(bytes, this.#readImage(sector * sectorBytes, sectorBytes)) !== 0)
      .sort(([left], [right]) => left - right);
    const runs: [number, Uint8Array][][] = [];
    for (const [sector, bytes] of changed) {
      const run = runs.at(-1);
      if (run !== undefined && run.at(-1)?.[0] === sector - 1) run.push([sector, bytes]);
      else runs.push([[sector, bytes]]);
    }
    return runs.map((run) => ({
      offsetBytes: (run[0]?.[0] ?? 0) * sectorBytes,
      // Not Buffer.concat: its result may sit in Node's shared pool, which cannot be posted to a worker alone.
      bytes: concat(run.map(([, bytes]) => bytes)),
    }));
  }

  #ownSector(sector: number): Uint8Array {
    const known = this.#sectors.get(sector);
    if (known !== undefined) return known;
    const fresh = this.#readImage(sector * sectorBytes, sectorBytes);
    this.#sectors.set(sector, fresh);
    return fresh;
  }

  #readImage(offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = this.#readThrough(offsetBytes, lengthBytes);
    if (bytes.length !== lengthBytes) {
      throw failure('IMAGE_TOO_SHORT', `The image ends inside its boot partition, at byte ${offsetBytes}.`, {
        hint: 'The image is cut off: download it again.',
        offsetBytes,
        lengthBytes,
      });
    }
    // A copy, and not by slice(): on a Buffer that would be a view of the image itself.
    return new Uint8Array(bytes);
  }
}

/** The part of a byte range that lies in one sector: `within` counts from the sector, `done` from the range. */
interface Piece {
  readonly sector: number;
  readonly within: number;
  readonly done: number;
  readonly length: number;
}

function* sectorPieces(offsetBytes: number, lengthBytes: number): Generator<Piece> {
  for (let done = 0; done < lengthBytes; ) {
    const within = (offsetBytes + done) % sectorBytes;
    const length = Math.min(sectorBytes - within, lengthBytes - done);
    yield { sector: (offsetBytes + done - within) / sectorBytes, within, done, length };
    done += length;
  }
}

function concat(sectors: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(sectors.length * sectorBytes);
  for (const [index, sector] of sectors.entries()) bytes.set(sector, index * sectorBytes);
  return bytes;
}
