// What a card is called in lines and tables: its slot, the short name of its device and its host name.

import { stripControls } from './text.js';

/** The last part of a path: `/dev/sda` is `sda`, `cards/one.img` is `one.img`. */
export function shortDevice(path: string): string {
  const clean = stripControls(path);
  return /[^/]+(?=\/*$)/.exec(clean)?.[0] ?? clean;
}

/** How a slot is called in narrow columns: its label, or its number. */
export const slotText = (slot: number, place: string | undefined): string =>
  place === undefined || place === `slot ${slot}` ? String(slot) : stripControls(place);

/** A card, or a node that waits for one. */
export interface Named {
  readonly slot?: number | undefined;
  readonly device?: string | undefined;
  /** How people call the slot. */
  readonly place?: string | undefined;
  readonly hostname?: string | undefined;
}

/** `slot 3 (sdc, red003)`, `left 2 (sdc, red003)`; `red003` for a node without a slot. */
export function cardName({ slot, device, place, hostname }: Named): string {
  const names = [shortDevice(device ?? ''), stripControls(hostname ?? '')].filter((name) => name !== '').join(', ');
  if (slot === undefined || slot === 0) return names === '' ? 'a card' : names;
  return `${place === undefined ? `slot ${slot}` : stripControls(place)}${names === '' ? '' : ` (${names})`}`;
}
