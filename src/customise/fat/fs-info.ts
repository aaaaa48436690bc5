// The FSInfo sector of FAT32: how many clusters are free and where to look next. Both are hints that other systems
// believe, so they are kept right where they are known and left unknown where they are not.

import type { Overlay } from '../overlay.js';
import type { FatGeometry } from './bpb.js';

const unknown = 0xffffffff;
const sectorBytes = 512;
const freeCountAt = 488;
const nextFreeAt = 492;

/** Where to start looking for free clusters (fatgen103, FSI_Nxt_Free); 2, the first cluster, where nothing is known. */
export function searchStart(overlay: Overlay, geometry: FatGeometry): number {
  const next = readFsInfo(overlay, geometry)?.getUint32(nextFreeAt, true) ?? unknown;
  return next >= 2 && next < geometry.clusterCount + 2 ? next : 2;
}

/** Records that the count of free clusters changed by `freeDelta`, and which cluster was taken last, if any was. */
export function recordUse(overlay: Overlay, geometry: FatGeometry, freeDelta: number, lastTaken?: number): void {
  const info = readFsInfo(overlay, geometry);
  if (info === undefined || geometry.fsInfoOffsetBytes === undefined) return;
  // An unknown count stays unknown: with any change it is far from a number of clusters.
  const free = info.getUint32(freeCountAt, true) + freeDelta;
  info.setUint32(freeCountAt, free >= 0 && free <= geometry.clusterCount ? free : unknown, true);
  if (lastTaken !== undefined && info.getUint32(nextFreeAt, true) !== unknown) {
    info.setUint32(nextFreeAt, lastTaken, true);
  }
  overlay.write(geometry.fsInfoOffsetBytes, new Uint8Array(info.buffer));
}

/** The sector, or undefined where the volume has none or its three signatures are not there. */
function readFsInfo(overlay: Overlay, geometry: FatGeometry): DataView | undefined {
  if (geometry.fsInfoOffsetBytes === undefined) return undefined;
  const info = new DataView(overlay.read(geometry.fsInfoOffsetBytes, sectorBytes).buffer);
  const signed =
    info.getUint32(0, true) === 0x41615252 &&
    info.getUint32(484, true) === 0x61417272 &&
    info.getUint32(508, true) === 0xaa550000;
  return signed ? info : undefined;
}
