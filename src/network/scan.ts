// Asks many addresses at once, and the kernel's table of neighbours on the way: a host that does not answer a ping still
// has to say where it is on the wire. Ends early, with what it has found, when its signal says so.

import type { Answer } from './ask-host.js';
import type { NeighbourEntry } from './ip-json.js';

/** What a scan needs of the world. */
export interface ScanWays {
  ask(address: string): Promise<Answer>;
  neighbours(): Promise<readonly NeighbourEntry[]>;
  pause(durationMs: number): Promise<void>;
}

export interface ScanResult {
  /** The hosts that answered, with how long that took. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Asked, without an answer, but there: they told their Ethernet address. */
  readonly silent: ReadonlySet<string>;
  readonly macs: ReadonlyMap<string, string>;
  readonly asked: number;
  /** False when it was ended early. */
  readonly isComplete: boolean;
}

const atOnce = 64;
/** The kernel forgets unanswered entries when its table is full (from 512 on), so it is looked at in between. */
const askedPerLook = 256;
/**
 * A host known from earlier stays DELAY for 5 s and PROBE for 3 s before the kernel knows that it has gone (arp(7):
 * delay_first_probe_time, ucast_solicit).
 */
const settlePauseMs = 500;
const maxSettleLooks = 18;

/** `progress` is called after every answer and silence. */
export async function scan(
  addresses: readonly string[],
  ways: ScanWays,
  signal: AbortSignal,
  progress: (asked: number, found: number) => void = () => undefined,
): Promise<ScanResult> {
  const found = new Findings(addresses);
  const work = async () => {
    await askAll(addresses, ways, signal, found, () => progress(found.asked, found.count));
    await settle(ways, signal, found);
  };
  await Promise.race([work(), aborted(signal)]);
  return found.result(!signal.aborted);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

class Findings {
  asked = 0;
  readonly #answers = new Map<string, Answer>();
  readonly #silent = new Set<string>();
  readonly #macs = new Map<string, string>();
  readonly #wanted: ReadonlySet<string>;
  readonly #done = new Set<string>();

  constructor(addresses: readonly string[]) {
    this.#wanted = new Set(addresses);
  }

  get count(): number {
    return this.#answers.size + this.#silent.size;
  }

  takeAnswer(address: string, answer: Answer): void {
    this.asked += 1;
    this.#done.add(address);
    if (!answer.answered) return;
    this.#answers.set(address, answer);
    this.#silent.delete(address);
  }

  /** Returns whether the kernel is still unsure of some host. */
  takeTable(entries: readonly NeighbourEntry[]): boolean {
    let isUnsure = false;
    for (const { address, mac, state } of entries) {
      if (!this.#wanted.has(address) || mac === undefined) continue;
      this.#macs.set(address, mac);
      if (!this.#done.has(address) || this.#answers.has(address)) continue;
      if (state === 'REACHABLE') this.#silent.add(address);
      else if (state === 'DELAY' || state === 'PROBE') isUnsure = true;
    }
    return isUnsure;
  }

  result(isComplete: boolean): ScanResult {
    return {
      answers: new Map(this.#answers),
      silent: new Set(this.#silent),
      macs: new Map(this.#macs),
      asked: this.asked,
      isComplete,
    };
  }
}

async function askAll(
  addresses: readonly string[],
  ways: ScanWays,
  signal: AbortSignal,
  found: Findings,
  told: () => void,
): Promise<void> {
  const rest = addresses.values();
  let look: Promise<unknown> = Promise.resolve();
  const worker = async () => {
    for (const address of rest) {
      if (signal.aborted) return;
      found.takeAnswer(address, await ways.ask(address));
      told();
      if (found.asked % askedPerLook === 0) look = look.then(async () => found.takeTable(await ways.neighbours()));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  await look;
}

async function settle(ways: ScanWays, signal: AbortSignal, found: Findings): Promise<void> {
  for (let looks = 0; looks < maxSettleLooks && !signal.aborted; looks += 1) {
    if (!found.takeTable(await ways.neighbours())) return;
    await ways.pause(settlePauseMs);
  }
}
