// A list and all the lists that it names, read from wherever they are and put together in the order of its menus.

import { failure, PiburnError } from '../../errors.js';
import type { OsDevice, OsEntry } from './entry.js';
import { limits, type OsList, parseOsList } from './os-list.js';
import { tagged } from './tags.js';
import { Troubles } from './troubles.js';

const partsAtOnce = 4;
/** What all parts together may weigh. */
const allPartsBytes = 128 << 20;

/** The text of a list and where it comes from, redirects followed: what its URLs are relative to. */
export interface ListText {
  readonly text: string;
  readonly url: string;
  /** When that was (ISO 8601), for a text that was kept. */
  readonly fetchedAt?: string;
}

/** Where parts come from. */
export interface Parts {
  /** Reads the part at a URL; a PiburnError means that it cannot be had. */
  readonly read: (url: string) => Promise<ListText>;
  /** The text that was kept of a part, for when it cannot be had or is broken now. */
  readonly earlier: (url: string) => ListText | undefined;
}

export interface Gathered {
  readonly entries: readonly OsEntry[];
  readonly devices: readonly OsDevice[];
  readonly troubles: readonly string[];
  /** The texts of the parts that are in it, by the URL that was asked for. */
  readonly texts: ReadonlyMap<string, ListText>;
}

/** A list and, beside each of its parts, what that turned out to be; nothing where it could not be had. */
interface Node {
  readonly list: OsList;
  readonly parts: (Node | undefined)[];
}

/** A part that is still to be read, and where it goes. */
interface Wanted {
  readonly url: string;
  readonly path: readonly string[];
  readonly place: (node: Node) => void;
}

interface Gathering {
  readonly troubles: Troubles;
  readonly texts: Map<string, ListText>;
  /** Every URL once, so that lists that name each other come to an end. */
  readonly seen: Set<string>;
  readonly parts: Parts;
  partsLeft: number;
  bytesLeft: number;
  entriesLeft: number;
}

/**
 * Reads the list's parts, four at a time, and theirs. A part that cannot be had is a trouble.
 * @throws PiburnError `LIST_BROKEN` for the list itself, `INTERRUPTED`, and whatever is no PiburnError.
 */
export async function gather(first: ListText, asked: string, parts: Parts): Promise<Gathered> {
  const state: Gathering = {
    troubles: new Troubles(),
    texts: new Map(),
    seen: new Set([asked, first.url]),
    parts,
    partsLeft: limits.parts,
    bytesLeft: allPartsBytes,
    entriesLeft: limits.entries,
  };
  const root = nodeOf(parseOsList(first.text, first.url), state);
  let wave = wantedBy(root, state);
  while (wave.length > 0) {
    const nodes = await fewAtOnce(wave, partsAtOnce, (wanted) => readPart(wanted, state));
    wave = nodes.flatMap((node) => (node === undefined ? [] : wantedBy(node, state)));
  }
  const entries = tagged([...entriesOf(root)]);
  return { entries, devices: root.list.devices, troubles: state.troubles.all, texts: state.texts };
}

function nodeOf(list: OsList, state: Gathering): Node {
  for (const trouble of list.troubles) state.troubles.add(trouble);
  const entries = list.entries.slice(0, state.entriesLeft);
  state.entriesLeft -= entries.length;
  const hidden = list.entries.length - entries.length;
  if (hidden > 0) state.troubles.add(`${hidden} images are left out: the list has more than ${limits.entries}`);
  return { list: { ...list, entries }, parts: list.more.map(() => undefined) };
}

function wantedBy(node: Node, state: Gathering): Wanted[] {
  return node.list.more.flatMap(({ url, path }, index) => {
    if (state.seen.has(url)) return [];
    if (state.partsLeft === 0 || path.length > limits.depth) {
      state.troubles.add(`"${path.join(' > ')}" is left out: the list has too many parts, or too deep ones`);
      return [];
    }
    state.partsLeft -= 1;
    state.seen.add(url);
    const place = (part: Node): void => {
      node.parts[index] = part;
    };
    return [{ url, path, place }];
  });
}

/** One part: as it is now, else as it was, else nothing but a trouble. */
async function readPart(wanted: Wanted, state: Gathering): Promise<Node | undefined> {
  const { url, path } = wanted;
  const where = `the part "${path.join(' > ')}" of the list`;
  let problem: string;
  try {
    return keep(await state.parts.read(url), wanted, state);
  } catch (error) {
    problem = problemOf(error);
  }
  const earlier = state.parts.earlier(url);
  try {
    if (earlier !== undefined) {
      const node = keep(earlier, wanted, state);
      state.troubles.add(`${where} is as it was on ${earlier.fetchedAt?.slice(0, 10)}: ${problem}`);
      return node;
    }
  } catch (error) {
    problem = problemOf(error);
  }
  state.troubles.add(`${where} is left out: ${problem}`);
  return undefined;
}

/** What an error says that only costs a part; throws any other. */
function problemOf(error: unknown): string {
  if (error instanceof PiburnError && error.failure.kind !== 'interrupted') return error.message;
  throw error;
}

function keep(part: ListText, { url, path, place }: Wanted, state: Gathering): Node {
  if (part.text.length > state.bytesLeft) {
    throw failure('LIST_BROKEN', `the list is larger than ${allPartsBytes >> 20} MiB with all its parts`);
  }
  const list = parseOsList(part.text, part.url, path);
  state.bytesLeft -= part.text.length;
  state.seen.add(part.url);
  state.texts.set(url, part);
  const node = nodeOf(list, state);
  place(node);
  return node;
}

/** The entries as if the parts stood in the list itself. */
function* entriesOf({ list, parts }: Node): Generator<OsEntry> {
  let taken = 0;
  for (const [index, part] of parts.entries()) {
    const before = list.more[index]?.index ?? taken;
    yield* list.entries.slice(taken, before);
    taken = before;
    if (part !== undefined) yield* entriesOf(part);
  }
  yield* list.entries.slice(taken);
}

/** Acts on all, a few at a time; when one rejects, no further one is begun, and nothing is left running. */
async function fewAtOnce<T, R>(items: readonly T[], most: number, act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (failed) return;
      try {
        results[index] = await act(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: most }, work));
  const broken = ended.find((each) => each.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return results;
}
