// A run as it is at some moment, for others to look at: numbers instead of meters and clocks.

import { given } from '../given.js';
import type { LiveImage, LiveSlot, LiveState } from '../protocol/live.js';
import { etaMs, recentRate } from './meter.js';
import { cardEtaMs, expectedBytes, type RunState, type SlotState } from './state.js';

/** `nowMs`: the clock that the events were folded with. */
export function liveState(state: RunState, nowMs: number): LiveState {
  const slots = [...state.slots.values()].map((slot) => liveSlot(state, slot, nowMs));
  const times = slots.flatMap(({ remainingMs }) => remainingMs ?? []);
  const { good, failed, cancelled } = state;
  return {
    good,
    failed,
    cancelled,
    slots,
    ...given({
      image: liveImage(state, nowMs),
      planned: state.plan?.cards.length,
      remainingMs: times.length === 0 ? undefined : Math.max(...times),
    }),
  };
}

function liveImage({ fetch, image }: RunState, nowMs: number): LiveImage | undefined {
  const progress = fetch?.state === 'fetching' ? fetch : image?.state === 'reading' ? image : undefined;
  if (progress === undefined) return undefined;
  const { doneBytes, totalBytes, meter } = progress;
  const remainingMs = totalBytes === undefined ? undefined : etaMs(meter, totalBytes, nowMs);
  return {
    doing: progress === fetch ? 'fetching' : image?.how === 'read' ? 'reading' : 'decoding',
    doneBytes,
    ...given({ totalBytes, bytesPerSecond: recentRate(meter, nowMs), remainingMs }),
  };
}

function liveSlot(state: RunState, slot: SlotState, nowMs: number): LiveSlot {
  const { device, place, hostname, phase, doneBytes, stall, ended, next } = slot;
  const moving = ended === undefined && next === undefined;
  return {
    slot: slot.slot,
    device,
    phase,
    doneBytes,
    totalBytes: expectedBytes(state, slot),
    ...given({
      place,
      hostname,
      bytesPerSecond: moving ? recentRate(slot.meter, nowMs) : undefined,
      remainingMs: moving ? cardEtaMs(state, slot, nowMs) : undefined,
      stalledMs: stall === undefined ? undefined : stall.stalledMs + Math.max(0, nowMs - stall.atMs),
      outcome: ended?.outcome,
      message: ended?.failure?.message,
      waitsFor: next === undefined ? undefined : (next.hostname ?? ''),
      trouble: next?.trouble,
    }),
  };
}
