// Which flavour is this image? Decided from what is in it, so that a downloaded or self-made image takes its settings
// without a manifest. The first certain sign wins; without one nothing is guessed.
// Signs: RPi-Distro/pi-gen (files and cmdline.txt by release), Ubuntu's gadget for the Pi (label system-boot).

import { given } from '../given.js';
import { foreignSystem } from './detect-foreign.js';
import type { BootPartition, DetectedFlavour, ImageFacts, Verdict } from './image-signs.js';
import { weigh } from './init-format.js';

export type { BootPartition, DetectedFlavour, ImageFacts, InitFormat, RootSigns } from './image-signs.js';

/** Boot partitions were 256 MiB up to bullseye and are 512 MiB since bookworm. */
const bookwormBootBytes = 384 * 1024 * 1024;

/** Releases whose /boot is the FAT partition itself, by their names; the first ones of them are legacy. */
const legacyNames = ['wheezy', 'jessie', 'stretch', 'buster'];
const bootNames = [...legacyNames, 'bullseye'];
/** The first bullseye. Later dates tell nothing: old releases were renewed for years. */
const firstBullseye = '2021-10-30';

const firstbootWord = 'init=/usr/lib/raspberrypi-sys-mods/firstboot';
const initResizeWord = 'init=/usr/lib/raspi-config/init_resize.sh';

export function detectFlavour(boot: BootPartition): DetectedFlavour {
  const { flavour, bootMount, reason } = weigh(boot.initFormat, detectBySigns(boot), {
    script: (why) => scripted(boot, bootMountByShape(boot), why),
    hasSeed: hasSeed(boot),
  });
  return { flavour, bootMount, reason, facts: factsOf(boot) };
}

const detectBySigns = (boot: BootPartition): Verdict =>
  detectForeign(boot) ??
  detectPreseed(boot) ??
  detectUbuntu(boot) ??
  detectCloudinit(boot) ??
  detectByCmdline(boot) ??
  detectByOsRelease(boot) ??
  detectByShape(boot) ??
  none('its boot partition has no sign of a Raspberry Pi OS', false);

const none = (reason: string, certain = true): Verdict => ({
  flavour: 'none',
  bootMount: '/boot/firmware',
  reason,
  certain,
});

function detectForeign(boot: BootPartition): Verdict | undefined {
  const name = foreignSystem(boot);
  return name === undefined ? undefined : none(`it is ${name}, which piburn does not customise`);
}

/** It takes the place of cloud-init's packages, so the seed files speak against it. */
function detectPreseed(boot: BootPartition): Verdict | undefined {
  if (!boot.root?.hasPreseed || hasSeed(boot)) return undefined;
  return none('it takes its settings from rpi-preseed, which piburn does not do yet');
}

function detectUbuntu(boot: BootPartition): Verdict | undefined {
  const labelled = boot.label?.toLowerCase() === 'system-boot';
  if (!labelled && boot.root?.id !== 'ubuntu') return undefined;
  const sign = labelled ? "boot partition 'system-boot'" : 'os-release';
  if (!hasSeed(boot)) return none(`it is an Ubuntu (${sign}) without the user-data and meta-data of cloud-init`);
  const reason = `it is an Ubuntu (${sign}) with the user-data and meta-data of cloud-init`;
  return { flavour: 'ubuntu', bootMount: '/boot/firmware', reason, certain: true };
}

/** The seed files alone say cloud-init, not which system: other distributions ship them too. */
function detectCloudinit(boot: BootPartition): Verdict | undefined {
  if (!hasSeed(boot)) return undefined;
  const reason = 'it has user-data and meta-data of cloud-init';
  if (!isRaspberryPiOs(boot)) return none(`${reason}, but no sign of a Raspberry Pi OS`, false);
  return { flavour: 'cloudinit', bootMount: '/boot/firmware', reason, certain: true };
}

/** Words of cmdline.txt that start a release's own first boot. A card that has booted has lost them. */
function detectByCmdline(boot: BootPartition): Verdict | undefined {
  const has = (word: string) => cmdlineWords(boot).includes(word);
  const reason = (word: string) => `its cmdline.txt has '${word}'`;
  if (has(firstbootWord)) return scripted(boot, bootMountByShape(boot), reason(firstbootWord));
  if (has(initResizeWord)) return scripted(boot, '/boot', reason(initResizeWord));
  if (has('resize')) return scripted(boot, '/boot/firmware', reason('resize'));
  return undefined;
}

/** A 32-bit Raspberry Pi OS calls itself Raspbian; a 64-bit one says Debian, as Debian's own images do. */
function detectByOsRelease(boot: BootPartition): Verdict | undefined {
  const { id, codename, prettyName } = boot.root ?? {};
  if (codename === undefined || !(id === 'raspbian' || (id === 'debian' && isRaspberryPiOs(boot)))) return undefined;
  return scripted(boot, bootMountByShape(boot), `its os-release says '${prettyName ?? codename}'`);
}

/** What remains of a Raspberry Pi OS that has booted already, such as the image of a card in use. */
function detectByShape(boot: BootPartition): Verdict | undefined {
  if (!hasPiGenIssue(boot)) return undefined;
  const label = boot.label?.toLowerCase();
  if (label !== 'boot' && label !== 'bootfs') return undefined;
  const reason = `its issue.txt says Raspberry Pi and its boot partition is called '${label}'`;
  return scripted(boot, bootMountByShape(boot), reason);
}

/** A release without cloud-init: the same script for all, but buster and older look for files of their own. */
function scripted(boot: BootPartition, bootMount: Verdict['bootMount'], reason: string): Verdict {
  const { codename } = boot.root ?? {};
  const date = releaseOf(boot);
  if (codename !== undefined && legacyNames.includes(codename)) {
    return { flavour: 'legacy', bootMount: '/boot', reason: `${reason}, and it is a ${codename}`, certain: true };
  }
  if (codename === undefined && date !== undefined && date < firstBullseye) {
    return { flavour: 'legacy', bootMount: '/boot', reason: `${reason}, and it is of ${date}`, certain: true };
  }
  return { flavour: 'firstrun', bootMount, reason, certain: true };
}

function bootMountByShape(boot: BootPartition): Verdict['bootMount'] {
  const { codename } = boot.root ?? {};
  if (codename !== undefined) return bootNames.includes(codename) ? '/boot' : '/boot/firmware';
  return boot.exists('initramfs8') || boot.bootPartitionBytes >= bookwormBootBytes ? '/boot/firmware' : '/boot';
}

function factsOf(boot: BootPartition): ImageFacts {
  const fresh = cmdlineWords(boot).some((word) => [firstbootWord, initResizeWord, 'resize'].includes(word));
  return given({
    os: boot.root?.prettyName,
    release: releaseOf(boot),
    booted: hasPiGenIssue(boot) ? !fresh : undefined,
  });
}

function isRaspberryPiOs(boot: BootPartition): boolean {
  return (
    hasPiGenIssue(boot) || boot.label === 'bootfs' || cmdlineWords(boot).some((word) => word.includes('raspberrypi'))
  );
}

const hasSeed = (boot: BootPartition): boolean => boot.exists('user-data') && boot.exists('meta-data');

const hasPiGenIssue = (boot: BootPartition): boolean =>
  boot.read('issue.txt')?.startsWith('Raspberry Pi reference') ?? false;

const releaseOf = (boot: BootPartition): string | undefined =>
  /^Raspberry Pi reference (\d{4}-\d{2}-\d{2})/.exec(boot.read('issue.txt') ?? '')?.[1];

const cmdlineWords = (boot: BootPartition): string[] => (boot.read('cmdline.txt') ?? '').trim().split(/\s+/);
