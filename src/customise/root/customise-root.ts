// Settings for images without a first boot that would take them: written straight into the root file system, over an
// overlay, so that the result is a patch as with the boot partition. Nothing is mounted, and no other program is run.

import { setImmediate } from 'node:timers/promises';
import type { Node, PatchBlock, PlannedFile } from '../../protocol.js';
import { Overlay, type ReadImage } from '../overlay.js';
import type { RootPlace } from './ext-refusal.js';
import { planRootEdits } from './root-files.js';
import { RootVolume } from './root-volume.js';
import { shownEdits } from './shown-edit.js';

export type { RootPlace } from './ext-refusal.js';
export { findRootPlace } from './root-place.js';

/** What makes the root of the image this node's. */
export interface RootCustomisation {
  readonly patch: readonly PatchBlock[];
  /** What is done, fit to be shown: secrets are replaced. Paths are absolute, as on the running system. */
  readonly files: readonly PlannedFile[];
}

/**
 * Plans a node's edits, makes them and looks at them afresh. The same input gives the same bytes. `place` is that of
 * `findRootPlace`; `burnId` has letters, digits and hyphens.
 * @throws PiburnError for values that are malformed; `ROOT_NEEDS_RECOVERY`, `ROOT_UNSUPPORTED`, `ROOT_FULL` and the like
 * for what this image cannot take; `CUSTOMISE_SELFCHECK`.
 */
export async function customiseRoot(
  read: ReadImage,
  { startBytes, sizeBytes }: RootPlace,
  node: Node,
  burnId: string,
  now: Date,
): Promise<RootCustomisation> {
  // All the rest is done at once; between the nodes of a large cluster somebody may want to stop.
  await setImmediate();
  const overlay = new Overlay(read);
  const root = RootVolume.open(overlay, startBytes, sizeBytes);
  const edits = planRootEdits(node, root, burnId, now);
  root.apply(edits, now);
  return { patch: overlay.patch(), files: shownEdits(edits) };
}
