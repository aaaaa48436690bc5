// The data of a volume, cluster by cluster: what directories and files have in common.

import type { Overlay } from '../overlay.js';
import { clusterOffset, type FatGeometry } from './bpb.js';
import type { FatTable } from './table.js';

/** An open volume below its directories: its bytes, where everything is in them, and what belongs together. */
export interface Medium {
  readonly overlay: Overlay;
  readonly geometry: FatGeometry;
  readonly table: FatTable;
}

/** How many clusters so many bytes take. */
export const clustersFor = ({ geometry }: Medium, lengthBytes: number): number =>
  Math.ceil(lengthBytes / geometry.clusterBytes);

/** The clusters' bytes in a row, the unused rest of the last one included. */
export function readClusters({ overlay, geometry }: Medium, clusters: readonly number[]): Uint8Array {
  const { clusterBytes } = geometry;
  const bytes = new Uint8Array(clusters.length * clusterBytes);
  for (const [index, cluster] of clusters.entries()) {
    bytes.set(overlay.read(clusterOffset(geometry, cluster), clusterBytes), index * clusterBytes);
  }
  return bytes;
}

/** Fills the clusters: with the bytes, then with zeros, so that nothing of what was there before is left. */
export function writeClusters({ overlay, geometry }: Medium, clusters: readonly number[], bytes: Uint8Array): void {
  const { clusterBytes } = geometry;
  for (const [index, cluster] of clusters.entries()) {
    const filled = new Uint8Array(clusterBytes);
    filled.set(bytes.subarray(index * clusterBytes, (index + 1) * clusterBytes));
    overlay.write(clusterOffset(geometry, cluster), filled);
  }
}
