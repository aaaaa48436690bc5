// The targets of a bench: looked at together, and refused for the reasons for which `create` would refuse them. Where nothing
// is written, only what cannot be read is refused. Nothing is opened here.

import { readSystem, type SystemFacts } from '../../devices/describe.js';
import { deviceAt } from '../../devices/facts.js';
import { refusals } from '../../devices/refuse.js';
import { describeTarget, identityOf } from '../../devices/targets.js';
import { failure, type PiburnError, usageError } from '../../errors.js';
import { given } from '../../given.js';
import type { Allowances, Target } from '../target.js';
import { leastRangeBytes, rangeIn, sizeFor } from './range.js';
import { mostReaders } from './steps.js';

export interface BenchTarget extends Target {
  /** The part of it that is used, after its head. */
  readonly rangeBytes: number;
  /** A file of this size is to be made. */
  readonly freshBytes?: number;
  readonly hub?: string;
  readonly linkMbps?: number;
}

export interface Wanted extends Allowances {
  readonly readOnly: boolean;
  readonly rangeBytes: number;
}

/** What is in the way of reading too. */
const unreadable = new Set(['NO_DEVICE', 'NO_MEDIUM', 'UNKNOWN_DEVICE', 'NOT_A_TARGET', 'NO_DIRECTORY', 'SAME_TARGET']);

/**
 * @throws PiburnError: as `refusals`; `NO_CARD` for a file that is not there and is to be read; `TOO_SMALL`,
 * `TOO_MANY_CARDS`.
 */
export async function inspectTargets(
  paths: readonly string[],
  wanted: Wanted,
  readFacts: () => Promise<SystemFacts> = readSystem,
): Promise<BenchTarget[]> {
  if (paths.length > mostReaders)
    throw usageError(
      'TOO_MANY_CARDS',
      `${paths.length} cards were named, and at most ${mostReaders} are measured at once`,
      {
        hint: 'name fewer',
      },
    );
  const facts = await readFacts();
  const { readOnly, allowFixed, allowLarge, unmount } = wanted;
  const [problem] = refusals(paths, facts, { protectedPaths: [], allowFixed, allowLarge, unmount }).filter(
    ({ failure: { code } }) => !readOnly || unreadable.has(code),
  );
  if (problem !== undefined) throw problem;
  return paths.map((path) => targetAt(path, wanted, facts));
}

function targetAt(path: string, { readOnly, rangeBytes }: Wanted, facts: SystemFacts): BenchTarget {
  const description = describeTarget(path, facts);
  const device = deviceAt(path, facts);
  const isFresh = device === undefined && description.fresh;
  if (isFresh && readOnly) throw noFile(path);
  const sizeBytes = isFresh ? sizeFor(rangeBytes) : (description.sizeBytes ?? 0);
  const usedBytes = rangeIn(sizeBytes, rangeBytes);
  if (usedBytes === 0) throw tooSmall(path, sizeBytes);
  return {
    description,
    identity: identityOf(path, facts),
    rangeBytes: usedBytes,
    ...given({
      freshBytes: isFresh ? sizeBytes : undefined,
      hub: device?.usbHub,
      linkMbps: device?.usbSpeedMbps,
    }),
  };
}

const noFile = (path: string): PiburnError =>
  failure('NO_CARD', `there is no card or card file ${path} to be read`, {
    device: path,
    hint: 'name one that is there, or leave --read out: then a file is made, and removed again',
  });

const tooSmall = (path: string, sizeBytes: number): PiburnError =>
  failure('TOO_SMALL', `${path} has ${sizeBytes} bytes, too few to be measured`, {
    device: path,
    hint: `a card, or a file of at least ${sizeFor(leastRangeBytes) / 1024 / 1024} MiB (truncate --size=1G card.img)`,
  });
