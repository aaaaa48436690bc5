// What a card is called in lines and tables: its slot, the short name of its device and its host name.

import { stripControls } from './text.js';

/** The last part of a path: `/dev/sda` is `sda`, `cards/one.img` is `one.img`. */
export function shortDevice(path: string): string {
  const clean = stripControls(path);
  return /[^/]+(?=\/*$)/.exec(clean)?.[0] ?? clean;
}

/** `slot 3 (sdc, red003)`, or `slot 3 (sdc)` without a host name. */
export function cardName(card: { slot: number; device: string; hostname?: string | undefined }): string {
  const names = [shortDevice(card.device), stripControls(card.hostname ?? '')];
  return `slot ${card.slot} (${names.filter((name) => name !== '').join(', ')})`;
}
