// Which flavour is this image? Decided from its boot partition alone, so that a downloaded or self-made image
// takes its settings without a manifest. The first certain sign wins; without one nothing is guessed.
// Signs: RPi-Distro/pi-gen (files and cmdline.txt by release).

import type { Flavour } from '../protocol.js';

/** The boot partition as far as the detection looks at it. Paths are relative to its root. */
export interface BootPartition {
  readonly label?: string;
  /** A file's text, or undefined where there is none. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  readonly bootPartitionBytes: number;
}

export interface DetectedFlavour {
  readonly flavour: Flavour;
  /** Where the running Pi mounts this partition. */
  readonly bootMount: '/boot' | '/boot/firmware';
  /** What was seen, as the second half of a sentence: `it has …`. */
  readonly reason: string;
}

/** Boot partitions were 256 MiB up to bullseye and are 512 MiB since bookworm. */
const bookwormBootBytes = 384 * 1024 * 1024;

export function detectFlavour(boot: BootPartition): DetectedFlavour {
  return detectUbuntu(boot) ?? detectCloudinit(boot) ?? detectByCmdline(boot) ?? detectByShape(boot) ?? nothingSeen;
}

const nothingSeen: DetectedFlavour = {
  flavour: 'none',
  bootMount: '/boot/firmware',
  reason: 'its boot partition has no sign of a Raspberry Pi OS',
};

function detectUbuntu(boot: BootPartition): DetectedFlavour | undefined {
  if (boot.label?.toLowerCase() !== 'system-boot') return undefined;
  const reason = "it is an Ubuntu (boot partition 'system-boot'), which piburn does not customise yet";
  return { flavour: 'none', bootMount: '/boot/firmware', reason };
}

/** The seed files alone say cloud-init, not which system: other distributions ship them too. */
function detectCloudinit(boot: BootPartition): DetectedFlavour | undefined {
  if (!boot.exists('user-data') || !boot.exists('meta-data')) return undefined;
  if (isRaspberryPiOs(boot)) {
    return {
      flavour: 'cloudinit',
      bootMount: '/boot/firmware',
      reason: 'it has user-data and meta-data of cloud-init',
    };
  }
  const reason = 'it has user-data and meta-data of cloud-init, but no sign of a Raspberry Pi OS';
  return { flavour: 'none', bootMount: '/boot/firmware', reason };
}

function isRaspberryPiOs(boot: BootPartition): boolean {
  return (
    hasPiGenIssue(boot) || boot.label === 'bootfs' || cmdlineWords(boot).some((word) => word.includes('raspberrypi'))
  );
}

/** Words of cmdline.txt that start a release's own first boot. A card that has booted has lost them. */
function detectByCmdline(boot: BootPartition): DetectedFlavour | undefined {
  const words = cmdlineWords(boot);
  const firstrun = (bootMount: DetectedFlavour['bootMount'], word: string): DetectedFlavour => ({
    flavour: 'firstrun',
    bootMount,
    reason: `its cmdline.txt has '${word}'`,
  });
  const has = (word: string) => words.includes(word);
  if (has('init=/usr/lib/raspberrypi-sys-mods/firstboot')) {
    return firstrun(bootMountByShape(boot), 'init=/usr/lib/raspberrypi-sys-mods/firstboot');
  }
  if (has('init=/usr/lib/raspi-config/init_resize.sh')) {
    return firstrun('/boot', 'init=/usr/lib/raspi-config/init_resize.sh');
  }
  if (has('resize')) return firstrun('/boot/firmware', 'resize');
  return undefined;
}

/** What remains of a Raspberry Pi OS that has booted already, such as the image of a card in use. */
function detectByShape(boot: BootPartition): DetectedFlavour | undefined {
  if (!hasPiGenIssue(boot)) return undefined;
  const label = boot.label?.toLowerCase();
  if (label !== 'boot' && label !== 'bootfs') return undefined;
  const reason = `its issue.txt says Raspberry Pi and its boot partition is called '${label}'`;
  return { flavour: 'firstrun', bootMount: bootMountByShape(boot), reason };
}

const bootMountByShape = (boot: BootPartition): DetectedFlavour['bootMount'] =>
  boot.exists('initramfs8') || boot.bootPartitionBytes >= bookwormBootBytes ? '/boot/firmware' : '/boot';

const hasPiGenIssue = (boot: BootPartition): boolean =>
  boot.read('issue.txt')?.startsWith('Raspberry Pi reference') ?? false;

const cmdlineWords = (boot: BootPartition): string[] => (boot.read('cmdline.txt') ?? '').trim().split(/\s+/);
