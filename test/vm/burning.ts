// piburn as it runs in the virtual machine: its events as they come, and its end.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { BurnEvent, BurnSummary, CardReport } from '../../src/protocol.js';
import { programPath } from '../program.js';
import type { Vm } from './vm.js';

export interface Ended {
  readonly code: number | null;
  readonly events: readonly BurnEvent[];
  /** Standard error. */
  readonly text: string;
}

export interface Burning {
  readonly ended: Promise<Ended>;
  events(): readonly BurnEvent[];
  /** Waits until an event has come; fails when the run ends without it. */
  until<Event extends BurnEvent>(what: string, isIt: (event: BurnEvent) => event is Event): Promise<Event>;
  until(what: string, isIt: (event: BurnEvent) => boolean): Promise<BurnEvent>;
}

/** On the machine's disk, which outlives a power cut. */
const environment = { PIBURN_STORE: '/run/disk/store', PIBURN_REPO: '/run/disk/no-list.json' };

/** Starts `piburn ARGS --json --yes` in the machine. */
export function startBurning(vm: Vm, args: readonly string[]): Burning {
  const running = vm.start([process.execPath, programPath, ...args, '--json', '--yes'], environment);
  const events = (): readonly BurnEvent[] => eventsIn(running.stdout());
  let isOver = false;
  const ended = running.ended.then(({ code, stderr }) => {
    isOver = true;
    return { code, events: events(), text: stderr };
  });
  const until = async (what: string, isIt: (event: BurnEvent) => boolean): Promise<BurnEvent> => {
    for (;;) {
      const wasOver = isOver;
      const found = events().find(isIt);
      if (found !== undefined) return found;
      assert.ok(!wasOver, `the run ended before ${what}: ${running.stderr()}`);
      await setTimeout(50);
    }
  };
  return { ended, events, until: until as Burning['until'] };
}

/** A run that is cut off may leave half a line. */
const eventsIn = (output: string): BurnEvent[] =>
  output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

export type EventOf<Type extends BurnEvent['type']> = Extract<BurnEvent, { type: Type }>;

export const isCardEnd =
  (hostname: string) =>
  (event: BurnEvent): event is EventOf<'card-end'> =>
    event.type === 'card-end' && event.card.hostname === hostname;

export function summaryOf({ events, text }: Ended): BurnSummary {
  const last = events.at(-1);
  assert.ok(last?.type === 'end', `the last event is the end; on standard error: ${text}`);
  return last.summary;
}

/** What became of a node's last card, in a line. */
export function cardOf(ended: Ended, hostname: string): CardReport {
  const card = summaryOf(ended).cards.find((each) => each.hostname === hostname);
  assert.ok(card !== undefined, `${hostname} is among the cards`);
  return card;
}

export const verdictOf = ({ outcome, bootable, failure }: CardReport): string =>
  [outcome, bootable, ...(failure === undefined ? [] : [failure.code])].join(' ');
