// A target in words for the person who answers the question, and as the identity that a worker checks again.

import { given } from '../given.js';
import type { TargetDescription, TargetIdentity } from '../protocol.js';
import { cleanText } from './clean-text.js';
import { type BlockDevice, deviceAt, modelName, type SystemFacts, withPartitions } from './facts.js';
import { mountpointsOf } from './in-use.js';
import { isDevicePath } from './refuse-file.js';

const shownPartitions = 8;

/** Describes what a path leads to, even if it can be no target: `refusals` says that. */
export function describeTarget(path: string, facts: SystemFacts): TargetDescription {
  const device = deviceAt(path, facts);
  if (device !== undefined) return describeDevice(path, device, facts);
  const { entry, realPath } = facts.lookUp(path);
  const isDevice = isDevicePath(realPath);
  return {
    path,
    kind: isDevice ? 'block' : 'file',
    fresh: entry === undefined && !isDevice,
    ...(entry?.kind === 'file' ? { sizeBytes: entry.sizeBytes } : {}),
    model: isDevice ? '' : 'file',
    transport: '',
    removable: false,
    content: entry?.kind === 'file' && entry.sizeBytes > 0 ? 'a file' : 'empty',
    mountpoints: [],
  };
}

/** Which one it is, so that it can be found to be another one later. */
export function identityOf(path: string, facts: SystemFacts): TargetIdentity {
  const device = deviceAt(path, facts);
  if (device === undefined) {
    const { entry } = facts.lookUp(path);
    return { path, kind: 'file', ...(entry === undefined ? {} : { sizeBytes: entry.sizeBytes }) };
  }
  return {
    path,
    kind: 'block',
    deviceNumber: device.deviceNumber,
    ...(device.diskSequence === undefined ? {} : { diskSequence: device.diskSequence }),
    sizeBytes: device.sizeBytes,
    ...(device.serial === undefined ? {} : { serial: device.serial }),
  };
}

function describeDevice(path: string, device: BlockDevice, facts: SystemFacts): TargetDescription {
  return {
    path,
    kind: 'block',
    fresh: false,
    sizeBytes: device.sizeBytes,
    model: modelName(device) || (device.transport === 'mmc' ? 'SD card' : device.kind),
    ...given({ serial: device.serial, cid: device.cid }),
    transport: device.transport,
    removable: device.removable,
    content: contentOf(device, facts),
    mountpoints: mountpointsOf(device, facts),
  };
}

/** `dos table: bootfs (vfat), rootfs (ext4)`, `ext4 "data"`, `empty` or `no medium`. */
function contentOf(device: BlockDevice, facts: SystemFacts): string {
  if (device.sizeBytes === 0) return 'no medium';
  const partitions = withPartitions(device, facts).slice(1);
  if (device.tableKind === '' && partitions.length === 0) {
    const label = device.label === '' ? '' : ` "${device.label}"`;
    return device.fileSystem === '' ? 'empty' : device.fileSystem + label;
  }
  const words = partitions.slice(0, shownPartitions).map((part) => {
    return `${part.label || cleanText(part.name)} (${part.fileSystem || 'unknown'})`;
  });
  const more = partitions.length > shownPartitions ? [`${partitions.length - shownPartitions} more`] : [];
  return `${device.tableKind || 'unknown'} table: ${[...words, ...more].join(', ') || 'no partitions'}`;
}
