// Slots as they are at some moment: with a card that may be written, or with the reason why not. A slot is found again
// wherever its reader turns up, and by nothing else that is plugged in there.

import { readSystem, type SystemFacts } from '../devices/describe.js';
import { lookAtMedium } from '../devices/disk-events.js';
import { type BlockDevice, deviceAt } from '../devices/facts.js';
import { refusals } from '../devices/refuse.js';
import { describeTarget, identityOf } from '../devices/targets.js';
import { failure, type PiburnError, refusal, usageError } from '../errors.js';
import { given } from '../given.js';
import type { TargetDescription, TargetIdentity } from '../protocol.js';
import { type BurnOptions, canSwap } from './options.js';
import { readerOf, type Slot } from './slot.js';
import { rulesOf } from './target-rules.js';

/** What lies in a slot and may be written. */
export interface Target {
  readonly description: TargetDescription;
  readonly identity: TargetIdentity;
}

/** A slot as it is now: with a card that may be written, or with the reason why not. */
export interface SlotNow {
  readonly slot: Slot;
  readonly target?: Target;
  readonly trouble?: PiburnError;
}

/** What concerns a card and not the disk that was chosen: another card may do, and the other slots go on. */
const ofTheCard = (options: BurnOptions): readonly string[] =>
  canSwap(options) ? ['NO_MEDIUM', 'READ_ONLY', 'TOO_SMALL'] : ['NO_MEDIUM', 'READ_ONLY'];

/**
 * Looks at all slots as they are now.
 * @throws PiburnError (refused, or usage): the first reason why one of them must not be written, unless it concerns a card
 * alone and another slot may be written.
 */
export async function inspectSlots(
  slots: readonly Slot[],
  options: BurnOptions,
  storeDirectory: string,
  imageBytes: number | undefined,
): Promise<SlotNow[]> {
  await Promise.all(slots.map(({ device, reader }) => (reader === undefined ? undefined : lookAtMedium(device))));
  const facts = await readSystem();
  const paths = slots.map((slot) => pathNow(slot, facts) ?? slot.device);
  const problems = refusals(paths, facts, rulesOf(options, storeDirectory, imageBytes));
  const [grave] = problems.filter(({ failure: { code } }) => !ofTheCard(options).includes(code));
  if (grave !== undefined) throw grave;
  const looked = slots.map((slot, index) => {
    const trouble = problems.find(({ failure }) => failure.device === paths[index]);
    return trouble === undefined ? { slot, target: targetOf(slot, paths[index] ?? '', facts) } : { slot, trouble };
  });
  const [first] = problems;
  if (first !== undefined && looked.every(({ target }) => target === undefined)) throw first;
  if (options.fileBytes !== undefined && looked.every(({ target }) => target?.identity.kind !== 'file'))
    throw usageError('OPTION_WITHOUT_EFFECT', '--size has no effect on disks: they are as large as they are', {
      hint: 'leave --size out',
    });
  return looked;
}

/** Looks at slots again and again, while cards are changed. */
export class SlotWatch {
  readonly #options: BurnOptions;
  readonly #storeDirectory: string;
  readonly #imageBytes: () => number | undefined;
  /** Where each slot was seen last. */
  readonly #paths = new Map<Slot, string>();
  #recent: { readonly atMs: number; readonly facts: Promise<SystemFacts> } | undefined;

  constructor(options: BurnOptions, storeDirectory: string, imageBytes: () => number | undefined) {
    this.#options = options;
    this.#storeDirectory = storeDirectory;
    this.#imageBytes = imageBytes;
  }

  /** The slot now; every reason not to write is trouble with the card that is in it. */
  async look(slot: Slot): Promise<SlotNow> {
    await lookAtMedium(this.#paths.get(slot) ?? slot.device);
    return this.#judge(slot, await this.#facts());
  }

  /**
   * The same card, looked at once more right before it is opened: something may have mounted it, or taken its place.
   * @throws PiburnError `TARGET_CHANGED`, or the reason not to write it.
   */
  async lookAgain(slot: Slot, { identity }: Target): Promise<Target> {
    const { target, trouble } = this.#judge(slot, await readSystem());
    if (trouble !== undefined) throw trouble;
    if (target !== undefined && isSame(target.identity, identity)) return target;
    throw failure('TARGET_CHANGED', `${identity.path} is not the card any more that was there a moment ago`, {
      device: identity.path,
      hint: 'check which card is in the slot',
    });
  }

  #judge(slot: Slot, facts: SystemFacts): SlotNow {
    const path = pathNow(slot, facts);
    if (path === undefined) return { slot, trouble: notThere(slot, facts) };
    this.#paths.set(slot, path);
    const [trouble] = refusals([path], facts, rulesOf(this.#options, this.#storeDirectory, this.#imageBytes()));
    return trouble === undefined ? { slot, target: targetOf(slot, path, facts) } : { slot, trouble };
  }

  /** With --auto all slots are looked at in the same moment, and share what the system says. */
  #facts(): Promise<SystemFacts> {
    const nowMs = performance.now();
    if (this.#recent === undefined || nowMs - this.#recent.atMs > (this.#options.auto ? sharedMs : 0))
      this.#recent = { atMs: nowMs, facts: readSystem() };
    return this.#recent.facts;
  }
}

const sharedMs = 300;

const isSame = (one: TargetIdentity, other: TargetIdentity): boolean =>
  one.path === other.path &&
  one.deviceNumber === other.deviceNumber &&
  one.diskSequence === other.diskSequence &&
  one.sizeBytes === other.sizeBytes &&
  one.serial === other.serial;

function notThere(slot: Slot, facts: SystemFacts): PiburnError {
  const { device, place, port } = slot;
  const other = diskIn(slot, facts);
  const name = place ?? device;
  if (other !== undefined)
    return refusal('OTHER_READER', `something else is plugged in at ${name} now: ${other.path}`, {
      device,
      hint: 'plug the reader in again that was there; nothing else is written in this run',
    });
  // A card slot on the MMC bus has no disk without a card.
  if (port?.startsWith('mmc-'))
    return refusal('NO_MEDIUM', `there is no card in ${name}`, { device, hint: 'put a card in' });
  return refusal('READER_GONE', `the reader of ${name} is not plugged in`, {
    device,
    hint: 'plug it in where it was before',
  });
}

/** The path of a slot now; undefined while its reader is not there, whatever else may bear its name or be in its place. */
export function pathNow(slot: Slot, facts: SystemFacts): string | undefined {
  const { device, port, reader } = slot;
  if (reader === undefined) return device;
  const found = diskIn(slot, facts);
  if (found === undefined || !isReader(slot, found)) return undefined;
  return port === undefined || deviceAt(device, facts) === found ? device : found.path;
}

const diskIn = ({ device, port }: Slot, facts: SystemFacts): BlockDevice | undefined =>
  port === undefined
    ? deviceAt(device, facts)
    : [...facts.devices.values()].find((disk) => disk.kind === 'disk' && disk.port === port);

function isReader({ reader }: Slot, found: BlockDevice): boolean {
  const now = readerOf(found);
  return (
    reader?.transport === now.transport &&
    reader.removable === now.removable &&
    reader.vendor === now.vendor &&
    reader.model === now.model &&
    reader.serial === now.serial
  );
}

function targetOf({ place }: Slot, path: string, facts: SystemFacts): Target {
  return {
    description: { ...describeTarget(path, facts), ...given({ place }) },
    identity: identityOf(path, facts),
  };
}
