// What the running system needs, and which devices that is on. These are never written, whatever the options say.

import {
  type BlockDevice,
  devicesOfMount,
  devicesOfPath,
  everythingUnder,
  isInside,
  type SystemFacts,
} from './facts.js';

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
    ...hiddenRoots(facts).map(([what, names]) => use('system', what, names)),
    ...facts.swaps.map((path) => use('swap', path, devicesOfPath(path, facts))),
    ...protectedPaths.map((path) => use('protected', path, devicesOfPath(path, facts))),
  ];
}

/** Whether a disk holds the running system or swap in use, or whatever these stand on. */
export function isSystemDisk(disk: BlockDevice, facts: SystemFacts): boolean {
  return systemUses([], facts).some(({ names }) => names.has(disk.name));
}

/** Places where a desktop mounts what is plugged in, for its user: these are unmounted without being asked twice. */
export const isAutomountPlace = (mountpoint: string): boolean => /^\/(run\/)?media\/./.test(mountpoint);

/** Devices that are mounted, but not anywhere that we see. */
export function unseenMounts(facts: SystemFacts): string[] {
  const seen = new Set(facts.mounts.flatMap((mount) => devicesOfMount(mount, facts)));
  return facts.mountedAnywhere.filter((name) => !seen.has(name));
}

/**
 * Below an overlay the disk of the root may be mounted where nobody sees it, as the initramfs left it. Then it is the one
 * that the kernel was told, and any other that is mounted out of sight.
 */
function hiddenRoots(facts: SystemFacts): (readonly [what: string, names: readonly string[]])[] {
  const root = facts.mounts.findLast((mount) => mount.mountpoint === '/');
  if (root === undefined || devicesOfMount(root, facts).length > 0) return [];
  const told = facts.rootPath === undefined ? undefined : facts.lookUp(facts.rootPath).entry;
  return [
    ...(told?.kind === 'block' && facts.rootPath !== undefined
      ? [['/', devicesOfPath(facts.rootPath, facts)] as const]
      : []),
    ['a file system below the root', unseenMounts(facts)] as const,
  ];
}

/** Directories whose mounts, and mounts below them, belong to the system. */
const systemTrees = [
  ...['/bin', '/boot', '/efi', '/etc', '/lib', '/opt', '/root', '/sbin', '/srv', '/usr', '/var'],
  // NixOS, Guix, snaps, OSTree, OpenWrt.
  ...['/nix', '/gnu', '/snap', '/sysroot', '/ostree', '/rom', '/overlay'],
  // Media of live systems and initramfs.
  ...['/run/archiso', '/run/initramfs', '/run/live', '/run/rootfsbase', '/rofs'],
];

/** Single mount points: the medium of a live system, the read-only root below an overlay (Debian's overlayroot). */
const systemPoints = ['/', '/home', '/tmp', '/cdrom', '/media/root-ro', '/media/root-rw'];

function isSystemPlace(mountpoint: string): boolean {
  // A mount at /home/alice is her home; one at /home/alice/card is only a card, as one in /var/tmp is.
  if (/^\/home\/[^/]+$/.test(mountpoint)) return true;
  if (/^\/var\/tmp\/./.test(mountpoint)) return false;
  return systemPoints.includes(mountpoint) || systemTrees.some((tree) => isInside(mountpoint, tree));
}
