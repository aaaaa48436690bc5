// What the running system needs, and which devices that is on. These are never written, whatever the options say.

import { deviceAt, devicesOfMount, everythingUnder, isInside, mountOf, type SystemFacts } from './facts.js';

/** One thing that must survive, with the kernel names of all devices that it stands on. */
export interface SystemUse {
  readonly kind: 'system' | 'swap' | 'protected';
  /** The mount point, the swap or the protected path. */
  readonly what: string;
  readonly names: ReadonlySet<string>;
}

/** Everything that must survive. `protectedPaths` are files and directories that this run needs, like its spool. */
export function systemUses(protectedPaths: readonly string[], facts: SystemFacts): SystemUse[] {
  const use = (kind: SystemUse['kind'], what: string, names: readonly string[]): SystemUse => {
    return { kind, what, names: everythingUnder(names, facts) };
  };
  const systemMounts = facts.mounts.filter((mount) => isSystemPlace(mount.mountpoint));
  return [
    ...systemMounts.map((mount) => use('system', mount.mountpoint, devicesOfMount(mount, facts))),
    ...facts.swaps.map((path) => use('swap', path, devicesOfPath(path, facts))),
    ...protectedPaths.map((path) => use('protected', path, devicesOfPath(path, facts))),
  ];
}

/** Places where a desktop mounts what is plugged in, for its user: these are unmounted without being asked twice. */
export const isAutomountPlace = (mountpoint: string): boolean => /^\/(run\/)?media\/./.test(mountpoint);

/** Directories whose mounts, and mounts below them, belong to the system. */
const systemTrees = ['/boot', '/usr', '/var', '/etc', '/opt', '/root', '/srv', '/nix', '/snap', '/run/live'];

/** Single mount points: the medium of a live system, the read-only root below an overlay (Debian's overlayroot). */
const systemPoints = ['/', '/home', '/cdrom', '/run/initramfs/live', '/media/root-ro', '/media/root-rw'];

function isSystemPlace(mountpoint: string): boolean {
  // A mount at /home/alice is her home; one at /home/alice/card is only a card.
  if (/^\/home\/[^/]+$/.test(mountpoint)) return true;
  return systemPoints.includes(mountpoint) || systemTrees.some((tree) => isInside(mountpoint, tree));
}

function devicesOfPath(path: string, facts: SystemFacts): string[] {
  const device = deviceAt(path, facts);
  if (device !== undefined) return [device.name];
  const mount = mountOf(path, facts);
  return mount === undefined ? [] : devicesOfMount(mount, facts);
}
