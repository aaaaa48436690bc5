// One slot on the terminal: what its card goes through, or how it ended.

import type { CardReport } from '../protocol.js';
import { drawBar, type Glyphs } from './glyphs.js';
import { gap, type Layout } from './layout.js';
import { recentRate } from './meter.js';
import { shortDevice, slotText } from './names.js';
import { paint, type Style } from './paint.js';
import { cardEtaMs, expectedBytes, phaseEtaMs, type RunState, type SlotState } from './state.js';
import { duration, percentage, rate, runningTime, sentence, stripControls } from './text.js';
import { alignLeft, alignRight, clip, displayWidth } from './width.js';

/** How a terminal is drawn on. */
export interface Drawing {
  readonly columns: number;
  readonly color: boolean;
  readonly glyphs: Glyphs;
  readonly nowMs: number;
}

/** The line of a slot, never wider than the terminal. */
export function slotLine(state: RunState, slot: SlotState, layout: Layout, drawing: Drawing): string {
  const { ellipsis } = drawing.glyphs;
  const head = [
    alignRight(slotText(slot.slot, slot.place), layout.slot, ellipsis),
    alignLeft(shortDevice(slot.device), layout.device, ellipsis),
    ...(layout.host > 0 ? [alignLeft(stripControls(slot.hostname ?? ''), layout.host, ellipsis)] : []),
  ].join(gap);
  const columns = drawing.columns - displayWidth(head) - gap.length;
  return `${head}${gap}${tail(state, slot, layout, { ...drawing, columns })}`.trimEnd();
}

function tail(state: RunState, slot: SlotState, layout: Layout, drawing: Drawing): string {
  const next = state.elapsedMs === undefined ? slot.next : undefined;
  if (slot.ended !== undefined) return endedTail(slot.ended, next, drawing);
  if (next !== undefined) return waitingTail(next, drawing);
  if (slot.stall !== undefined) return stalledTail(state, slot, slot.stall, drawing);
  return movingTail(state, slot, layout, drawing);
}

const endStyles: Readonly<Record<CardReport['outcome'], Style>> = { good: 'green', failed: 'red', cancelled: 'yellow' };

type Next = NonNullable<SlotState['next']>;

function endedTail(card: CardReport, waits: Next | undefined, { columns, color, glyphs }: Drawing): string {
  const outcome = `${glyphs[card.outcome]} ${card.outcome}`;
  const timed = `${outcome}, ${duration(card.totalMs)}`;
  const reason = card.failure === undefined ? '' : `: ${sentence(card.failure.message)}`;
  if (waits === undefined)
    return paint(clip(`${timed}${reason}`, columns, glyphs.ellipsis), endStyles[card.outcome], color);
  const trouble = waits.trouble === undefined ? '' : `: ${sentence(waits.trouble)}`;
  const name = stripControls(waits.hostname ?? '').trim();
  const next = `; put in the next card${name === '' ? '' : ` (${name})`}`;
  // The reason comes again after the run, whole; that the slot waits for a person is said only here.
  const text = firstThatFits(
    [
      `${timed}${trouble || reason}${next}`,
      `${timed}${next}`,
      `${outcome}${next}`,
      `${outcome}; put in the next card`,
      `${outcome}; next card`,
    ],
    columns,
  );
  return paint(clip(text, columns, glyphs.ellipsis), endStyles[card.outcome], color);
}

/** A slot whose first card will not do. */
function waitingTail({ hostname, trouble }: Next, { columns, color, glyphs }: Drawing): string {
  const name = stripControls(hostname ?? '').trim();
  const what = `put in a card${name === '' ? '' : ` for ${name}`}`;
  const text = trouble === undefined ? what : firstThatFits([`${sentence(trouble)} ${what}`, what], columns);
  return paint(clip(text, columns, glyphs.ellipsis), 'yellow', color);
}

function stalledTail(
  state: RunState,
  slot: SlotState,
  stall: { stalledMs: number; atMs: number },
  { columns, color, glyphs, nowMs }: Drawing,
): string {
  const text = `no progress for ${runningTime(stall.stalledMs + Math.max(0, nowMs - stall.atMs))}`;
  const words = [slot.phase, percentText(state, slot)].filter((word) => word !== '').join(' ');
  const fitting = firstThatFits([`${words}, ${text}`, `${slot.phase}, ${text}`, text], columns);
  return paint(clip(fitting, columns, glyphs.ellipsis), 'yellow', color);
}

function movingTail(state: RunState, slot: SlotState, layout: Layout, { glyphs, nowMs }: Drawing): string {
  const totalBytes = expectedBytes(state, slot);
  const speed = totalBytes > 0 ? recentRate(slot.meter, nowMs) : undefined;
  const etaMs = phaseEtaMs(state, slot, nowMs);
  const cardMs = cardEtaMs(state, slot, nowMs);
  const bar = totalBytes > 0 ? drawBar(slot.doneBytes / totalBytes, layout.bar, glyphs) : '';
  const parts = [
    [alignLeft(slot.phase, layout.phase), layout.phase],
    [alignLeft(bar, layout.bar), layout.bar],
    [alignRight(percentText(state, slot), layout.percent), layout.percent],
    [alignRight(speed === undefined ? '' : rate(speed), layout.rate), layout.rate],
    [alignLeft(etaMs === undefined ? '' : `ETA ${runningTime(etaMs)}`, layout.eta), layout.eta],
    [cardMs === undefined || cardMs === etaMs ? '' : `card ${runningTime(cardMs)}`, layout.cardEta],
  ] as const;
  return parts.flatMap(([text, columns]) => (columns > 0 ? [text] : [])).join(gap);
}

function percentText(state: RunState, slot: SlotState): string {
  const percent = percentage(slot.doneBytes, expectedBytes(state, slot));
  return percent === undefined ? '' : `${percent} %`;
}

const firstThatFits = (texts: readonly string[], columns: number): string =>
  texts.find((text) => displayWidth(text) <= columns) ?? texts.at(-1) ?? '';
