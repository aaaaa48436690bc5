// The run as plain lines, for pipes and logs: what begins, what ends and what goes wrong, never every progress event.

import type { BurnEvent, CardReport, Phase, Plan } from '../protocol.js';
import { failureLines } from './failure.js';
import { cardName, shortDevice } from './names.js';
import type { RunState } from './state.js';
import {
  bytes,
  bytesPerSecond,
  counted,
  duration,
  megabytesPerSecond,
  percentage,
  sentence,
  stripControls,
} from './text.js';

type EventOf<Type extends BurnEvent['type']> = Extract<BurnEvent, { type: Type }>;

/**
 * The line for an event, or undefined when it is not worth one. `before` is the state before the event was folded:
 * what is new is what differs from it. The end of the run has no line: the final table says it.
 */
export function describeEvent(event: BurnEvent, before: RunState): string | undefined {
  switch (event.type) {
    case 'image':
      return describeImage(event, before);
    case 'fetch':
      return describeFetch(event, before);
    case 'plan':
      return describePlan(event.plan);
    case 'warning':
      return `warning: ${event.device === undefined ? '' : `${shortDevice(event.device)}: `}${sentence(event.message)}`;
    case 'card-start':
      return `${cardName(event)}: ${event.round > 0 ? `card ${event.round + 1} in this slot starts` : 'starts'}`;
    case 'progress':
      return describeProgress(event, before);
    case 'stall':
      return describeStall(event, before);
    case 'slot-wait':
      return describeWait(event);
    case 'slot-idle':
      return `${cardName(event)}: needs no more cards for now.`;
    case 'slow':
      return `warning: ${cardName(event)}: ${sentence(event.message)}`;
    case 'card-end':
      return describeEnd(event.card);
    case 'end':
      return undefined;
  }
}

const milestonePercent = 25;
const milestoneBytes = 1e9;

function describeImage(event: EventOf<'image'>, { image: before }: RunState): string | undefined {
  if (event.state === 'broken') return before?.state === 'broken' ? undefined : 'image: broken';
  if (event.state === 'whole') return before?.state === 'whole' ? undefined : describeWhole(event);
  const doing = event.how === 'read' ? 'reading' : 'decoding';
  if (before === undefined) return `image: ${doing}${decoderName(event)}${totalOf(event)}`;
  if (milestone(event) <= milestone(before)) return undefined;
  const percent = percentage(event.doneBytes, event.totalBytes);
  return percent === undefined ? `image: ${doing}, ${bytes(event.doneBytes)}` : `image: ${doing}, ${percent} %`;
}

function describeFetch(event: EventOf<'fetch'>, { fetch }: RunState): string | undefined {
  const before = fetch?.name === event.name ? fetch : undefined;
  const name = stripControls(event.name);
  if (event.state === 'failed')
    return before?.state === 'failed' ? undefined : `fetch: ${name} could not be fetched whole`;
  if (event.state === 'done') {
    return before?.state === 'done'
      ? undefined
      : `fetch: ${name}, ${bytes(event.doneBytes)} fetched in ${duration(event.elapsedMs)}`;
  }
  if (before === undefined) {
    const resumed = event.resumedBytes > 0 ? `, ${bytes(event.resumedBytes)} of it are here already` : '';
    return `fetch: fetching ${name}${totalOf(event)}${resumed}`;
  }
  if (milestone(event) <= milestone(before)) return undefined;
  const percent = percentage(event.doneBytes, event.totalBytes);
  return `fetch: ${percent === undefined ? bytes(event.doneBytes) : `${percent} %`} of ${name}`;
}

type ImageAmount = Pick<EventOf<'image'>, 'doneBytes' | 'totalBytes'>;

function milestone({ doneBytes, totalBytes }: ImageAmount): number {
  const percent = percentage(doneBytes, totalBytes);
  return percent === undefined ? Math.floor(doneBytes / milestoneBytes) : Math.floor(percent / milestonePercent);
}

const decoderName = ({ decoder }: EventOf<'image'>): string =>
  decoder === undefined ? '' : ` with ${stripControls(decoder)}`;

const totalOf = ({ totalBytes }: ImageAmount): string => (totalBytes === undefined ? '' : `, ${bytes(totalBytes)}`);

function describeWhole({ how, doneBytes, elapsedMs }: EventOf<'image'>): string {
  if (how === 'reuse') return `image: ${bytes(doneBytes)}, already decoded, taken from the store`;
  return `image: ${bytes(doneBytes)} ${how === 'read' ? 'read' : 'decoded'} in ${duration(elapsedMs)}`;
}

function describePlan({ image, cards, targets }: Plan): string {
  const amounts = [
    ...(image.writeBytes === undefined ? [] : [`${bytes(image.writeBytes)} to write to each`]),
    ...(image.skipBytes === undefined ? [] : [`${bytes(image.skipBytes)} to skip`]),
  ];
  return [`plan: ${counted(cards.length, 'card')} on ${counted(targets.length, 'slot')}`, ...amounts].join(', ');
}

// Said once they begin. The others last a moment, and the end of the card says enough about them.
const toldPhases: readonly Phase[] = ['comparing', 'writing', 'flushing', 'verifying', 'sealing'];

function describeProgress(event: EventOf<'progress'>, before: RunState): string | undefined {
  const slot = before.slots.get(event.slot);
  if (slot?.ended !== undefined || slot?.phase === event.phase || !toldPhases.includes(event.phase)) return undefined;
  const size = event.totalBytes > 0 && before.image?.state !== 'reading' ? ` ${bytes(event.totalBytes)}` : '';
  const name = cardName({ ...event, hostname: event.hostname ?? slot?.hostname });
  return `${name}: ${event.phase}${size}`;
}

const stallStepMs = 30_000;

function describeStall(event: EventOf<'stall'>, before: RunState): string | undefined {
  const slot = before.slots.get(event.slot);
  const said = slot?.stall === undefined ? -1 : Math.floor(slot.stall.stalledMs / stallStepMs);
  if (slot?.ended !== undefined || Math.floor(event.stalledMs / stallStepMs) <= said) return undefined;
  const name = cardName({ ...event, hostname: slot?.hostname });
  return `${name}: ${event.phase}, no progress for ${duration(event.stalledMs)}`;
}

/** What a person has to do at a slot, with what to write on the card. */
function describeWait({ slot, device, place, hostname, address, trouble }: EventOf<'slot-wait'>): string {
  const why = trouble === undefined ? '' : ` ${sentence(trouble)}`;
  const label = [hostname, address].flatMap((word) => (word === undefined ? [] : stripControls(word))).join(' ');
  const next = label === '' ? 'Put in the next card.' : `Put in the next card and write on it: ${label}`;
  return `${cardName({ slot, device, place })}:${why} ${next}`;
}

function describeEnd(card: CardReport): string {
  const again = card.willRetry ? ', its node gets another card' : '';
  const took = `${card.outcome} in ${duration(card.totalMs)}${again}`;
  const facts = [
    took,
    ...savings(card),
    ...speed('write', card.writtenBytes, card.writeMs),
    ...speed('verify', card.verifiedBytes, card.verifyMs),
    ...(card.repairs.length > 0 ? [`${counted(card.repairs.length, 'segment')} repaired`] : []),
  ];
  const reason = card.failure === undefined ? '' : `: ${failureLines(card.failure).join(' ')}`;
  return `${cardName(card)}: ${facts.join(', ')}${reason}`;
}

/** Of a burn by difference. */
const savings = ({ outcome, unchangedBytes, writtenBytes }: CardReport): string[] =>
  outcome === 'good' && unchangedBytes !== undefined
    ? [`${bytes(unchangedBytes)} already there, ${bytes(writtenBytes)} written`]
    : [];

function speed(name: string, countBytes: number, elapsedMs: number): string[] {
  const known = countBytes > 0 ? bytesPerSecond(countBytes, elapsedMs) : undefined;
  return known === undefined ? [] : [`${name} ${megabytesPerSecond(known)} MB/s`];
}
