// piburn as a library: start a burn, loop over its events.
//
//   import { create } from 'piburn';
//   for await (const event of create({ image: 'raspios.img.xz', device: 'cards/red[001-003].img', hostname: 'red[001-003]' }))
//     if (event.type === 'card-end') console.log(event.card.device, event.card.outcome);

import { conduct } from './burn/burn.js';
import { Cancellation } from './burn/cancellation.js';
import { EventQueue } from './burn/event-queue.js';
import type { BurnOptions, CreateOptions } from './burn/options.js';
import { type Order, orderBurn, orderCreate } from './burn/order.js';
import type { BurnEvent, BurnSummary } from './protocol.js';

export type { BurnOptions, CreateOptions, NextCardRequest } from './burn/options.js';
export { type Failure, PiburnError } from './errors.js';
export type * from './protocol.js';

/** A burn under way. Looping over it gives its events; the loop throws what `summary` rejects with. */
export interface BurnRun extends AsyncIterable<BurnEvent> {
  /** How it ended. Rejects with a PiburnError when nothing was begun: wrong options, a refused target, a bad image. */
  readonly summary: Promise<BurnSummary>;
  /** Passwords that were made up (`password: 'random'`), by host name: told nowhere else. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Lets every card stop at its next segment; those cards are not bootable. */
  cancel(): void;
}

/** Burns an image, as it is, onto every target. Throws a PiburnError at once for options that make no sense. */
export const burn = (options: BurnOptions): BurnRun => start(orderBurn(options));

/** Burns an image onto cards, giving each its own identity. Throws a PiburnError at once for options that make no sense. */
export const create = (options: CreateOptions): BurnRun => start(orderCreate(options));

/** Starts what has been ordered and checked. */
export function start(order: Order): BurnRun {
  const events = new EventQueue();
  const cancel = new Cancellation();
  const summary = conduct(order, (event) => events.push(event), cancel);
  summary.then(
    (end) => {
      events.push({ type: 'end', summary: end });
      events.end();
    },
    (problem: unknown) => events.end(problem),
  );
  return {
    summary,
    passwords: order.passwords ?? new Map(),
    cancel: () => cancel.request(),
    [Symbol.asyncIterator]: () => events[Symbol.asyncIterator](),
  };
}
