// The texts of procfs, parsed: mounts, swaps and the kernel's command line (proc(5), bootparam(7)).

import type { Mount } from './facts.js';

/** Fields as in proc(5): ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS TAG… - FSTYPE SOURCE SUPEROPTIONS. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [place = '', kind = ''] = line.split(' - ');
    const [, , deviceNumber, , mountpoint] = place.split(' ');
    const [fileSystem = '', source = ''] = kind.split(' ');
    if (deviceNumber === undefined || mountpoint === undefined) return [];
    return [{ deviceNumber, mountpoint: unescapeOctal(mountpoint), fileSystem, source: unescapeOctal(source) }];
  });
}

/** Paths of /proc/swaps. */
export function parseSwaps(text: string): string[] {
  const paths = text
    .split('\n')
    .slice(1)
    .map((line) => unescapeOctal(line.split(/[ \t]/)[0] ?? ''));
  return paths.filter((path) => path !== '').map((path) => path.replace(/ ?\(deleted\)$/, ''));
}

/** The path that `root=` of the kernel's command line means, if it is one of a block device. */
export function parseRoot(text: string): string | undefined {
  const word = / root=(?:"([^"]*)"|(\S+))/.exec(` ${text}`);
  const root = word?.[1] ?? word?.[2] ?? '';
  if (root.startsWith('/dev/')) return root === '/dev/root' ? undefined : root;
  const [, tag = '', value = ''] = /^(PARTUUID|PARTLABEL|UUID|LABEL)=([^/]+)$/.exec(root) ?? [];
  return tag === '' ? undefined : `/dev/disk/by-${tag.toLowerCase()}/${value}`;
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
