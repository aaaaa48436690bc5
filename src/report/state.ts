// What is known about a run: every event is folded into it, and it alone is what bars and lines are made from.
// Total: events in any order, and numbers that make no sense, give a state and never an error.

import type { BurnEvent, CardReport, Phase, Plan } from '../protocol.js';
import { advanceMeter, durationMs, etaMs, type Meter, overallRate, startMeter } from './meter.js';
import { bytesPerSecond, isAmount } from './text.js';

type EventOf<Type extends BurnEvent['type']> = Extract<BurnEvent, { type: Type }>;

export interface ImageProgress extends Omit<EventOf<'image'>, 'type'> {
  readonly meter: Meter;
}

export interface FetchProgress extends Omit<EventOf<'fetch'>, 'type'> {
  readonly meter: Meter;
}

/** A place in the hub, with the card that is in it or was in it last. */
export interface SlotState {
  readonly slot: number;
  readonly device: string;
  /** The slot as people call it. */
  readonly place: string | undefined;
  readonly round: number;
  readonly hostname: string | undefined;
  readonly phase: Phase;
  /** Of the current phase; a total of 0 means that the phase does not count bytes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** The bytes of the current phase over time. */
  readonly meter: Meter;
  /** Set while nothing moves: for how long at which moment. */
  readonly stall: { readonly stalledMs: number; readonly atMs: number } | undefined;
  /** How the card in this slot ended. */
  readonly ended: CardReport | undefined;
  /** The node that this slot waits for a card for, and what is wrong with the one that is in it. */
  readonly next: { readonly hostname: string | undefined; readonly trouble: string | undefined } | undefined;
}

export interface RunState {
  /** The clock at the first event. */
  readonly startedAtMs: number | undefined;
  readonly image: ImageProgress | undefined;
  /** The download of the image, when there is one. */
  readonly fetch: FetchProgress | undefined;
  /** By slot number. */
  readonly slots: ReadonlyMap<number, SlotState>;
  readonly plan: Plan | undefined;
  readonly good: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Bytes per second of the last card that was read back, to guess how long the next one takes. */
  readonly verifyRate: number | undefined;
  /** Length of the whole run, once it is over. */
  readonly elapsedMs: number | undefined;
}

const mostSlots = 256;

export function initialState(): RunState {
  return {
    startedAtMs: undefined,
    image: undefined,
    fetch: undefined,
    slots: new Map(),
    plan: undefined,
    good: 0,
    failed: 0,
    cancelled: 0,
    verifyRate: undefined,
    elapsedMs: undefined,
  };
}

/** The state after an event. `nowMs` is the caller's clock, any monotonic one. */
export function fold(before: RunState, event: BurnEvent, nowMs: number): RunState {
  const state = before.startedAtMs === undefined ? { ...before, startedAtMs: nowMs } : before;
  switch (event.type) {
    case 'image':
      return foldImage(state, event, nowMs);
    case 'fetch':
      return foldFetch(state, event, nowMs);
    case 'plan':
      return foldPlan(state, event, nowMs);
    case 'warning':
      return state;
    case 'card-start':
      return withSlot(state, newSlot(event, nowMs));
    case 'progress':
      return foldProgress(state, event, nowMs);
    case 'stall':
      return foldStall(state, event, nowMs);
    case 'slot-wait':
      return foldWait(state, event, nowMs);
    case 'slot-idle':
      return foldIdle(state, event);
    case 'slow':
      return state;
    case 'card-end':
      return foldCardEnd(state, event, nowMs);
    case 'end': {
      const { good, failed, cancelled, elapsedMs } = event.summary;
      return { ...state, good, failed, cancelled, elapsedMs };
    }
  }
}

/**
 * Bytes of a card's current phase, from what is known now. A card that follows an image still being decoded has
 * counted only the part it can see, so its total is scaled up to the whole image.
 */
export function expectedBytes(state: RunState, { phase, totalBytes }: SlotState): number {
  const image = state.image;
  if (phase !== 'writing' || image?.state !== 'reading' || image.totalBytes === undefined) return totalBytes;
  return totalBytes * Math.max(1, bytesRatio(image.totalBytes, image.doneBytes));
}

const bytesRatio = (total: number, part: number): number => (isAmount(total) && part > 0 ? total / part : 1);

/** Milliseconds until the current phase of a card ends; undefined when nobody can say. */
export function phaseEtaMs(state: RunState, slot: SlotState, nowMs: number): number | undefined {
  const totalBytes = expectedBytes(state, slot);
  return totalBytes > 0 ? etaMs(slot.meter, totalBytes, nowMs) : undefined;
}

/** Milliseconds until a card is done, reading back included; undefined when nobody can say. */
export function cardEtaMs(state: RunState, slot: SlotState, nowMs: number): number | undefined {
  const phaseMs = phaseEtaMs(state, slot, nowMs);
  if (slot.phase !== 'writing' || !state.plan?.verify || phaseMs === undefined) return phaseMs;
  // Before any card was read back, the speed of writing stands in: cards read at least as fast as they write.
  const verifyRate = state.verifyRate ?? overallRate(slot.meter, nowMs);
  const verifyMs = verifyRate === undefined ? undefined : durationMs(expectedBytes(state, slot), verifyRate);
  return verifyMs === undefined ? undefined : phaseMs + verifyMs;
}

function foldImage(state: RunState, event: EventOf<'image'>, nowMs: number): RunState {
  const { type: _, ...progress } = event;
  const doneBytes = amount(event.doneBytes);
  const meter =
    state.image === undefined ? startMeter(doneBytes, nowMs) : advanceMeter(state.image.meter, doneBytes, nowMs);
  return { ...state, image: { ...progress, doneBytes, meter } };
}

function foldFetch(state: RunState, event: EventOf<'fetch'>, nowMs: number): RunState {
  const { type: _, ...progress } = event;
  const doneBytes = amount(event.doneBytes);
  // Another name is another download: `image get` fetches one after the other.
  const before = state.fetch?.name === event.name ? state.fetch : undefined;
  const meter = before === undefined ? startMeter(doneBytes, nowMs) : advanceMeter(before.meter, doneBytes, nowMs);
  return { ...state, fetch: { ...progress, doneBytes, meter } };
}

function foldPlan(state: RunState, { plan }: EventOf<'plan'>, nowMs: number): RunState {
  const planned = plan.cards.flatMap(({ slot, device, place, hostname }): [number, SlotState][] =>
    slot === undefined || device === undefined || state.slots.has(slot)
      ? []
      : [[slot, newSlot({ slot, device, place, hostname, round: 0 }, nowMs)]],
  );
  const slots = [...planned, ...state.slots].slice(0, mostSlots);
  return { ...state, plan, slots: new Map(slots.toSorted(([a], [b]) => a - b)) };
}

function foldProgress(state: RunState, event: EventOf<'progress'>, nowMs: number): RunState {
  const before = state.slots.get(event.slot) ?? newSlot({ ...event, round: 0 }, nowMs);
  // The last counters of a card can arrive after its result.
  if (before.ended !== undefined) return state;
  const doneBytes = amount(event.doneBytes);
  const samePhase = before.phase === event.phase;
  const moved = !samePhase || doneBytes !== before.doneBytes;
  return withSlot(state, {
    ...before,
    device: event.device,
    hostname: event.hostname ?? before.hostname,
    phase: event.phase,
    doneBytes,
    totalBytes: amount(event.totalBytes),
    meter: samePhase ? advanceMeter(before.meter, doneBytes, nowMs) : startMeter(doneBytes, nowMs),
    stall: moved ? undefined : before.stall,
  });
}

function foldStall(state: RunState, event: EventOf<'stall'>, nowMs: number): RunState {
  const before = state.slots.get(event.slot) ?? newSlot({ ...event, round: 0 }, nowMs);
  if (before.ended !== undefined) return state;
  return withSlot(state, { ...before, stall: { stalledMs: amount(event.stalledMs), atMs: nowMs } });
}

function foldWait(
  state: RunState,
  { slot, device, place, hostname, trouble }: EventOf<'slot-wait'>,
  nowMs: number,
): RunState {
  const before = state.slots.get(slot) ?? newSlot({ slot, device, place, hostname, round: 0 }, nowMs);
  return withSlot(state, { ...before, next: { hostname, trouble } });
}

function foldIdle(state: RunState, { slot }: EventOf<'slot-idle'>): RunState {
  const before = state.slots.get(slot);
  return before === undefined ? state : withSlot(state, { ...before, next: undefined });
}

function foldCardEnd(state: RunState, { card }: EventOf<'card-end'>, nowMs: number): RunState {
  const counted = card.willRetry ? state : { ...state, [card.outcome]: state[card.outcome] + 1 };
  // A node that got no card is in no slot.
  if (card.slot === 0) return counted;
  const before = state.slots.get(card.slot) ?? newSlot(card, nowMs);
  const { device, round, hostname } = card;
  const ended: SlotState = { ...before, device, round, hostname, phase: 'done', stall: undefined, ended: card };
  const verifyRate = bytesPerSecond(card.verifiedBytes, card.verifyMs) || state.verifyRate;
  return { ...withSlot(counted, ended), verifyRate };
}

interface SlotStart {
  readonly slot: number;
  readonly device: string;
  readonly place?: string | undefined;
  readonly round: number;
  readonly hostname?: string | undefined;
}

function newSlot({ slot, device, place, round, hostname }: SlotStart, nowMs: number): SlotState {
  const meter = startMeter(0, nowMs);
  return {
    slot,
    device,
    place,
    round,
    hostname,
    phase: 'waiting',
    doneBytes: 0,
    totalBytes: 0,
    meter,
    stall: undefined,
    ended: undefined,
    next: undefined,
  };
}

function withSlot(state: RunState, slot: SlotState): RunState {
  const isNew = !state.slots.has(slot.slot);
  if (isNew && state.slots.size >= mostSlots) return state;
  const slots = new Map(state.slots).set(slot.slot, slot);
  return { ...state, slots: isNew ? new Map([...slots].toSorted(([a], [b]) => a - b)) : slots };
}

const amount = (value: number): number => (isAmount(value) ? value : 0);
