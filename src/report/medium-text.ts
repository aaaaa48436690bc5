// What probe, format and eject say to people, besides the findings of a probe: the question before anything is lost, and
// how it ended.

import type { EjectedMedium, FormattedCard } from '../protocol/probe.js';
import type { TargetDescription } from '../protocol.js';
import { bytes, stripControls } from './text.js';

/** Names the disk and what is on it; `consequence`: what will be done, such as `will be overwritten`. */
export function renderMediumQuestion(target: TargetDescription, consequence: string): string {
  return `${targetLines(target).join('\n')}\nEverything on it ${consequence}. Go on? [y/N] `;
}

/** A target that loses what is on it: what it is, what that is, and where it is mounted. */
export function targetLines({
  path,
  model,
  transport,
  serial,
  sizeBytes,
  content,
  mountpoints,
}: TargetDescription): string[] {
  const details = [transport, serial === undefined ? '' : `serial ${serial}`].filter((text) => text !== '').join(', ');
  const size = sizeBytes === undefined ? '' : `, ${bytes(sizeBytes)}`;
  const head = stripControls(`${path}: ${model}${details === '' ? '' : ` (${details})`}`);
  return [
    `${head}${size}`,
    `  now on it: ${stripControls(content)}`,
    ...mountpoints.map((place) => `  mounted at ${stripControls(place)}: will be unmounted`),
  ];
}

const fileSystemWords = { fat32: 'FAT32', exfat: 'exFAT' } as const;

export const renderFormatted = ({ path, fileSystem, label, partition }: FormattedCard): string =>
  stripControls(
    `${path} is empty: one partition of ${bytes(partition.sizeBytes)} with ${fileSystemWords[fileSystem]} "${label}"`,
  );

export function renderEjected({ path, unmounted, ejected, transport }: EjectedMedium): string {
  const before = unmounted.length === 0 ? '' : `${unmounted.join(' and ')} unmounted; `;
  const now = ejected
    ? 'ejected'
    : transport === 'mmc'
      ? 'all is written, and the slot needs no command: the card may be pulled'
      : 'all is written; it takes no command to eject, and may be pulled';
  return stripControls(`${path}: ${before}${now}`);
}
