// What the commands on one card have in common: which card is meant.

import { usageError } from '../errors.js';
import type { Ending } from './ending.js';

export type End = (ending: Ending) => void;

export const targetHelp = 'a card such as /dev/sda, a card or image file, or the folder where a card is mounted (DEV)';

/** The card of the environment. */
export const defaultCard = (): string | undefined => process.env['DEV'] || undefined;

export function cardTarget(word: string | undefined): string {
  const target = word ?? defaultCard();
  if (target !== undefined && target !== '') return target;
  throw usageError('NO_DEVICE_GIVEN', 'no card was named', {
    hint: 'name one, such as /dev/sda or card.img, or set DEV; `lsblk` lists the disks',
  });
}
