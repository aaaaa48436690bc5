// The slots of a run: which targets are meant, how people call them, and where each is now. A slot is a place, not a
// device name: a reader that comes back as /dev/sdg is still the slot that it was.

import { readSystem, type SystemFacts } from '../devices/describe.js';
import { lookAtMedium } from '../devices/disk-events.js';
import { deviceAt } from '../devices/facts.js';
import { type RefusalOptions, refusals } from '../devices/refuse.js';
import { defaultDevices, selectDevices } from '../devices/select.js';
import { numberSlots, placeName, type SlotBook } from '../devices/slots.js';
import { describeTarget, identityOf } from '../devices/targets.js';
import { type PiburnError, refusal, usageError } from '../errors.js';
import { given } from '../given.js';
import { localPath } from '../image/resolve.js';
import type { TargetDescription, TargetIdentity } from '../protocol.js';
import type { BurnOptions } from './options.js';

export interface Slot {
  /** The number of the reader where every target is one, else the place among the targets, from 1. */
  readonly slot: number;
  /** As it was given, or found. */
  readonly device: string;
  /** Where its reader is plugged in; undefined for files and for disks without such a place. */
  readonly port?: string;
  /** How people call it: `slot 3`, `left 2`. */
  readonly place?: string;
}

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

/**
 * The slots that the words of `--device` mean; without a word all readers that nothing speaks against.
 * @throws PiburnError (usage, refused): a word that means nothing, or no reader at all.
 */
export async function chooseSlots(
  words: readonly string[],
  options: BurnOptions,
  storeDirectory: string,
  book: SlotBook,
): Promise<readonly Slot[]> {
  const facts = await readSystem();
  const rules = rulesOf(options, storeDirectory, undefined);
  const devices = words.length === 0 ? defaultDevices(facts, book, rules) : selectDevices(words, facts, book, rules);
  if (devices.length === 0)
    throw usageError('NO_DEVICE_GIVEN', 'no target was given, and no reader with a card is there that may be written', {
      hint: 'put a card in, see `piburn info`, or say --device=/dev/sd[a-c]',
    });
  const places = numberSlots(facts, book);
  const known = devices.map((device) => {
    const port = deviceAt(device, facts)?.port;
    return { device, port, place: port === undefined ? undefined : places.get(port) };
  });
  const numbers = new Set(known.map(({ place }) => place?.number));
  const isNumbered = numbers.size === known.length && !numbers.has(undefined);
  return known.map(({ device, port, place }, index) => ({
    slot: isNumbered && place !== undefined ? place.number : index + 1,
    device,
    ...given({ port, place: place === undefined ? undefined : placeName(place) }),
  }));
}

/** What concerns a card and not the disk that was chosen: another card may do, and the other slots go on. */
const ofTheCard: ReadonlySet<string> = new Set(['NO_MEDIUM', 'READ_ONLY']);

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
  const facts = await readSystem();
  const paths = slots.map((slot) => pathNow(slot, facts) ?? slot.device);
  const problems = refusals(paths, facts, rulesOf(options, storeDirectory, imageBytes));
  const [grave] = problems.filter(({ failure }) => !ofTheCard.has(failure.code));
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
    const facts = await this.#facts();
    const path = pathNow(slot, facts);
    if (path === undefined) return { slot, trouble: notPluggedIn(slot) };
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

const notPluggedIn = ({ device, place }: Slot): PiburnError =>
  refusal('READER_GONE', `the reader of ${place ?? device} is not plugged in`, {
    device,
    hint: 'plug it in where it was before',
  });

/** The path of a slot now; undefined while its reader is not there, whatever else may bear its name. */
export function pathNow({ device, port }: Slot, facts: SystemFacts): string | undefined {
  if (port === undefined || deviceAt(device, facts)?.port === port) return device;
  return [...facts.devices.values()].find((disk) => disk.kind === 'disk' && disk.port === port)?.path;
}

function targetOf({ place }: Slot, path: string, facts: SystemFacts): Target {
  return {
    description: { ...describeTarget(path, facts), ...given({ place }) },
    identity: identityOf(path, facts),
  };
}

function rulesOf(options: BurnOptions, storeDirectory: string, imageBytes: number | undefined): RefusalOptions {
  const path = localPath(options.image);
  const imagePath = path === '-' ? undefined : path;
  return {
    protectedPaths: imagePath === undefined ? [storeDirectory] : [storeDirectory, imagePath],
    allowFixed: options.allowFixed ?? false,
    allowLarge: options.allowLarge ?? false,
    unmount: options.unmount ?? false,
    ...given({ imagePath, imageBytes, fileBytes: options.fileBytes }),
  };
}
