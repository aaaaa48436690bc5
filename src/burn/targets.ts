// The targets of a run: expanded, described, and refused where they must be.

import { readSystem, type SystemFacts } from '../devices/describe.js';
import { refusals } from '../devices/refuse.js';
import { describeTarget, identityOf } from '../devices/targets.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import { localPath } from '../image/resolve.js';
import type { TargetDescription, TargetIdentity } from '../protocol.js';
import type { BurnOptions } from './options.js';

export interface Target {
  readonly description: TargetDescription;
  readonly identity: TargetIdentity;
}

/** The device paths of `--device`, in order. */
export const expandDevices = (device: string): string[] => expandHostlist(device, '--device');

/**
 * Looks at the targets as they are now.
 * @throws PiburnError (refused, or usage): the first reason why one of them must not be written.
 */
export async function inspectTargets(
  paths: readonly string[],
  options: BurnOptions,
  storeDirectory: string,
  imageBytes: number | undefined,
): Promise<Target[]> {
  const facts = await readSystem();
  return judge(paths, facts, options, storeDirectory, imageBytes);
}

function judge(
  paths: readonly string[],
  facts: SystemFacts,
  options: BurnOptions,
  storeDirectory: string,
  imageBytes: number | undefined,
): Target[] {
  const path = localPath(options.image);
  const imagePath = path === '-' ? undefined : path;
  const problems = refusals(paths, facts, {
    protectedPaths: imagePath === undefined ? [storeDirectory] : [storeDirectory, imagePath],
    allowFixed: options.allowFixed ?? false,
    allowLarge: options.allowLarge ?? false,
    unmount: options.unmount ?? false,
    ...given({
      imagePath,
      imageBytes,
      fileBytes: options.fileBytes,
    }),
  });
  const [first] = problems;
  if (first !== undefined) throw first;
  const targets = paths.map((path) => ({
    description: describeTarget(path, facts),
    identity: identityOf(path, facts),
  }));
  if (options.fileBytes !== undefined && targets.every(({ identity }) => identity.kind === 'block'))
    throw usageError('OPTION_WITHOUT_EFFECT', '--size has no effect on disks: they are as large as they are', {
      hint: 'leave --size out',
    });
  return targets;
}
