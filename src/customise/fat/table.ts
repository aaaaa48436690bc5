// The file allocation table: which cluster follows which, and which are free. Every walk is bounded, and the table is
// read through a small window, because a 512 MiB boot partition has a FAT of 4 MiB that no edit needs as a whole.

import type { Overlay } from '../overlay.js';
import type { FatGeometry, FatKind } from './bpb.js';
import { damaged } from './damage.js';
import { recordUse, searchStart } from './fs-info.js';

/** The mark that piburn writes at the end of a chain; the seven values below it mean the same (fatgen103). */
const endMarks: Readonly<Record<FatKind, number>> = { fat12: 0xfff, fat16: 0xffff, fat32: 0x0fffffff };

/** A multiple of 3 and of 4 bytes, so that no entry lies across two windows, not even one of 12 bits. */
const windowBytes = 12 * 1024;

/** How long a chain has to be: a file knows exactly, a directory knows only how long it may be. */
export type ChainLength = { readonly exactly: number } | { readonly atMost: number };

export class FatTable {
  readonly #overlay: Overlay;
  readonly #geometry: FatGeometry;
  /** A piece of the first FAT in use, always equal to what the overlay holds. */
  #window: { readonly startBytes: number; readonly view: DataView } | undefined;

  constructor(overlay: Overlay, geometry: FatGeometry) {
    this.#overlay = overlay;
    this.#geometry = geometry;
  }

  /** Whether entry 1 lacks its "clean" or its "no error" bit; FAT12 has neither. */
  get dirty(): boolean {
    const bits = { fat12: 0, fat16: 0xc000, fat32: 0x0c000000 }[this.#geometry.kind];
    return (this.#get(1) & bits) !== bits;
  }

  /** The clusters of a chain in order. Throws FAT_DAMAGED when it loops, breaks off or has another length. */
  chain(firstCluster: number, length: ChainLength, owner: string): number[] {
    const most = Math.min('exactly' in length ? length.exactly : length.atMost, this.#geometry.clusterCount);
    const least = 'exactly' in length ? length.exactly : 1;
    const clusters: number[] = [];
    for (let next = firstCluster; next !== 0 || clusters.length > 0; next = this.#get(next)) {
      if (clusters.length > 0 && this.#isEnd(next)) break;
      if (!this.#isData(next)) throw damaged(`the chain of ${owner} leads to cluster ${next}`);
      if (clusters.length === most) throw damaged(`the chain of ${owner} loops or is longer than its size`);
      clusters.push(next);
    }
    if (clusters.length < least) throw damaged(`the chain of ${owner} is shorter than its size`);
    return clusters;
  }

  /** Free clusters, as many as asked for; fewer only when there are no more. */
  findFree(count: number): number[] {
    const found: number[] = [];
    if (count === 0) return found;
    for (const cluster of this.#freeClusters()) {
      found.push(cluster);
      if (found.length === count) break;
    }
    return found;
  }

  /** Free clusters, counted one by one: FSInfo's own count is only a hint. */
  countFree(): number {
    let count = 0;
    for (const _ of this.#freeClusters()) count++;
    return count;
  }

  /** Makes `after` the chain that `before` was. What both have must be their common beginning. */
  replaceChain(before: readonly number[], after: readonly number[]): void {
    const taken = after.slice(before.length);
    const released = before.slice(after.length);
    for (const [index, cluster] of after.entries()) {
      this.#set(cluster, after[index + 1] ?? endMarks[this.#geometry.kind]);
    }
    for (const cluster of released) this.#set(cluster, 0);
    recordUse(this.#overlay, this.#geometry, released.length - taken.length, taken.at(-1));
  }

  *#freeClusters(): Generator<number> {
    const { clusterCount } = this.#geometry;
    const start = searchStart(this.#overlay, this.#geometry) - 2;
    for (let step = 0; step < clusterCount; step++) {
      const cluster = 2 + ((start + step) % clusterCount);
      if (this.#get(cluster) === 0) yield cluster;
    }
  }

  #isData(cluster: number): boolean {
    return cluster >= 2 && cluster < this.#geometry.clusterCount + 2;
  }

  #isEnd(cluster: number): boolean {
    const mark = endMarks[this.#geometry.kind];
    return cluster <= mark && cluster >= mark - 7;
  }

  #get(cluster: number): number {
    const { view, at } = this.#entry(cluster);
    switch (this.#geometry.kind) {
      case 'fat12': {
        const pair = view.getUint16(at, true);
        return cluster % 2 === 0 ? pair & 0x0fff : pair >>> 4;
      }
      case 'fat16':
        return view.getUint16(at, true);
      case 'fat32':
        return view.getUint32(at, true) & 0x0fffffff;
    }
  }

  /** Sets an entry in every FAT in use. The four bits of a neighbour (FAT12) or reserved ones (FAT32) stay. */
  #set(cluster: number, value: number): void {
    const { view, at, offsetBytes, lengthBytes } = this.#entry(cluster);
    switch (this.#geometry.kind) {
      case 'fat12': {
        const pair = view.getUint16(at, true);
        view.setUint16(at, cluster % 2 === 0 ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4), true);
        break;
      }
      case 'fat16':
        view.setUint16(at, value, true);
        break;
      case 'fat32':
        view.setUint32(at, (view.getUint32(at, true) & 0xf0000000) | value, true);
    }
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at, lengthBytes);
    for (const fat of this.#geometry.fatOffsetsBytes) this.#overlay.write(fat + offsetBytes, bytes);
  }

  /** Where an entry is: `at` in the window, `offsetBytes` in the FAT. */
  #entry(cluster: number) {
    const { kind } = this.#geometry;
    const lengthBytes = kind === 'fat32' ? 4 : 2;
    const offsetBytes = kind === 'fat12' ? Math.floor(cluster * 1.5) : cluster * lengthBytes;
    const startBytes = offsetBytes - (offsetBytes % windowBytes);
    if (this.#window?.startBytes !== startBytes) this.#window = this.#openWindow(startBytes);
    return { view: this.#window.view, at: offsetBytes - startBytes, offsetBytes, lengthBytes };
  }

  #openWindow(startBytes: number) {
    const lengthBytes = Math.min(windowBytes, this.#geometry.fatBytes - startBytes);
    const bytes = this.#overlay.read(this.#geometry.fatOffsetsBytes[0] + startBytes, lengthBytes);
    return { startBytes, view: new DataView(bytes.buffer) };
  }
}
