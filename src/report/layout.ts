// How wide each part of the slots' lines is on a terminal of some width. One layout for all lines, so that the
// parts stand under each other; parts that have no room are left out, the least important first.

import { shortDevice, slotText } from './names.js';
import type { SlotState } from './state.js';
import { stripControls } from './text.js';
import { displayWidth } from './width.js';

/** Columns of each part; 0 leaves a part out. */
export interface Layout {
  readonly slot: number;
  readonly device: number;
  readonly host: number;
  readonly phase: number;
  readonly bar: number;
  readonly percent: number;
  readonly rate: number;
  readonly eta: number;
  readonly cardEta: number;
}

/** What stands between two parts. */
export const gap = '  ';

export const longestBar = 40;
export const shortestBar = 10;

const phase = 'verifying'.length;
const percent = '100 %'.length;
const rate = '999.9 MB/s'.length;
const eta = 'ETA 59 min 59 s'.length;
const cardEta = 'card 59 min 59 s'.length;
const longestSlot = 10;
const longestDevice = 10;
const longestHost = 20;
const shortestHost = 4;

export function layOut(slots: Iterable<SlotState>, columns: number): Layout {
  let slot = 1;
  let device = 1;
  let wantedHost = 0;
  for (const each of slots) {
    slot = Math.max(slot, Math.min(longestSlot, displayWidth(slotText(each.slot, each.place))));
    device = Math.max(device, Math.min(longestDevice, displayWidth(shortDevice(each.device))));
    wantedHost = Math.max(wantedHost, Math.min(longestHost, displayWidth(stripControls(each.hostname ?? ''))));
  }
  let room = columns - slot - device - phase - percent - 3 * gap.length;
  const take = (wanted: number, least = wanted): number => {
    const given = Math.min(wanted, room - gap.length);
    if (given < least || given <= 0) return 0;
    room -= given + gap.length;
    return given;
  };
  const host = take(wantedHost, Math.min(wantedHost, shortestHost));
  const parts = { slot, device, host, phase, percent, rate: take(rate), bar: take(shortestBar) };
  const times = { eta: take(eta), cardEta: take(cardEta) };
  const longer = parts.bar === 0 ? 0 : Math.min(room, longestBar - parts.bar);
  return { ...parts, ...times, bar: parts.bar + longer };
}
