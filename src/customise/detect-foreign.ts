// Systems for the Raspberry Pi that take settings in ways of their own. They are known by name, so that piburn can say
// why it leaves them alone instead of seeing nothing.

import type { BootPartition } from './image-signs.js';

/** Files on the boot partition that one system alone has. */
const files: readonly (readonly [path: string, name: string])[] = [
  ['dietpi.txt', 'DietPi (dietpi.txt)'],
  ['batocera-boot.conf', 'Batocera (batocera-boot.conf)'],
  ['recalbox-boot.conf', 'Recalbox (recalbox-boot.conf)'],
  ['volumio.initrd', 'Volumio (volumio.initrd)'],
  ['armbianEnv.txt', 'Armbian (armbianEnv.txt)'],
  ['recovery.cmdline', 'NOOBS (recovery.cmdline)'],
];

const labels: readonly (readonly [label: string, name: string])[] = [
  ['hassos-boot', "Home Assistant OS (boot partition 'hassos-boot')"],
  ['LIBREELEC', "LibreELEC (boot partition 'LIBREELEC')"],
  ['RPICFG', "Armbian (boot partition 'RPICFG')"],
  ['RASPIFIRM', "Debian's own image (boot partition 'RASPIFIRM')"],
  ['ubuntu-seed', "Ubuntu Core (boot partition 'ubuntu-seed')"],
];

/** What os-release calls the systems whose images are looked at further. */
const known: readonly string[] = ['raspbian', 'debian', 'ubuntu'];

/** The name of such a system with the sign of it; undefined when there is no sign. */
export function foreignSystem(boot: BootPartition): string | undefined {
  const label = boot.label?.toLowerCase();
  const byLabel = labels.find(([own]) => own.toLowerCase() === label);
  if (byLabel) return byLabel[1];
  const byFile = files.find(([path]) => boot.exists(path));
  if (byFile) return byFile[1];
  // LibreELEC and its relatives have their root file system as a file here.
  if (boot.exists('SYSTEM') && boot.exists('SYSTEM.md5')) return 'LibreELEC or a relative (SYSTEM)';
  const { id, prettyName } = boot.root ?? {};
  return id === undefined || known.includes(id) ? undefined : `${prettyName ?? id} (os-release)`;
}
