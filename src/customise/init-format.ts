// What the list of operating systems says of an image, weighed against what is in it. The list comes first, since it is
// made by those who make the image; but it may speak of another image than the one at hand.

import { type InitFormat, initFormats, type Verdict } from './image-signs.js';

/** The value of a list as one of the known ones; undefined for what this piburn does not know. */
export const parseInitFormat = (text: string | undefined): InitFormat | undefined =>
  initFormats.find((format) => format === text);

export interface Possibilities {
  /** The verdict for an image that runs a script at its first boot. */
  script(reason: string): Verdict;
  /** Whether it has the files of cloud-init. */
  readonly hasSeed: boolean;
}

const takes: Readonly<Record<InitFormat, readonly Verdict['flavour'][]>> = {
  systemd: ['firstrun', 'legacy'],
  cloudinit: ['ubuntu', 'cloudinit'],
  'cloudinit-rpi': ['cloudinit'],
  'rpi-preseed': ['none'],
  none: ['none'],
};

/** The verdict in the light of the list. Where they disagree, the image is right, and the reason says so. */
export function weigh(format: InitFormat | undefined, seen: Verdict, possible: Possibilities): Verdict {
  if (format === undefined) return seen;
  const says = `the list of operating systems says '${format}'`;
  if (seen.certain && takes[format].includes(seen.flavour)) return { ...seen, reason: `${says}, and ${seen.reason}` };
  if (seen.certain) return { ...seen, reason: `${seen.reason}, although ${says}` };
  return byList(format, says, seen, possible);
}

/** The image itself says nothing. */
function byList(format: InitFormat, says: string, seen: Verdict, { script, hasSeed }: Possibilities): Verdict {
  if (format === 'systemd') return script(says);
  if (format === 'none') return { ...seen, reason: says };
  if (format === 'rpi-preseed') return { ...seen, reason: `${says}, which piburn does not do yet` };
  if (!hasSeed) return { ...seen, reason: `${says}, but it has no user-data and meta-data of cloud-init` };
  const flavour = format === 'cloudinit' ? 'ubuntu' : 'cloudinit';
  return { ...seen, flavour, reason: `${says}, and it has user-data and meta-data of cloud-init` };
}
