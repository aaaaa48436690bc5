// The device or card file that a command was given: looked at, and refused for the reasons for which `create` would refuse
// it. Nothing is opened here.

import { readSystem, type SystemFacts } from '../devices/describe.js';
import { type RefusalOptions, refusals } from '../devices/refuse.js';
import { describeTarget, identityOf } from '../devices/targets.js';
import { failure, type PiburnError } from '../errors.js';
import type { TargetDescription, TargetIdentity } from '../protocol.js';

/** What lifts a refusal. */
export interface Allowances {
  readonly allowFixed: boolean;
  readonly allowLarge: boolean;
  readonly unmount: boolean;
}

export interface Target {
  readonly description: TargetDescription;
  readonly identity: TargetIdentity;
}

/** @throws PiburnError (refused) as `refusals`; `NO_CARD` for a file that is not there. */
export async function inspectTarget(
  path: string,
  allowed: Allowances,
  readFacts: () => Promise<SystemFacts> = readSystem,
): Promise<Target> {
  const facts = await readFacts();
  const options: RefusalOptions = { protectedPaths: [], ...allowed };
  const [problem = noFile(path, facts)] = refusals([path], facts, options);
  if (problem !== undefined) throw problem;
  return { description: describeTarget(path, facts), identity: identityOf(path, facts) };
}

/** `create` makes files that are not there; here there would be nothing to work on. */
function noFile(path: string, facts: SystemFacts): PiburnError | undefined {
  const { entry } = facts.lookUp(path);
  if (entry !== undefined && (entry.kind === 'block' || entry.sizeBytes > 0)) return undefined;
  return failure('NO_CARD', `there is no card or card file ${path}, or it is empty`, {
    device: path,
    hint: 'name a card such as /dev/sda, or make a file: truncate --size=1G card.img',
  });
}
