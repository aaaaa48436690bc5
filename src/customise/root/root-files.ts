// What is to be different in the root of an image so that it takes a node's settings without any first boot of its own.
// Pure: a node and what is in the root now become edits.

import { failure } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { settingsOf } from '../flavours/flavour.js';
import { checkNode } from '../settings-check.js';
import { quietCloudInit } from './cloud-init.js';
import { placeFirstBootScript } from './first-boot.js';
import { endFirstBootWizard } from './first-boot-wizard.js';
import { placeHostname } from './hostname.js';
import { placeNetwork } from './network.js';
import { placeRegion } from './region.js';
import { RootDraft } from './root-draft.js';
import type { RootEdit, RootReader } from './root-edit.js';
import { placeSsh } from './ssh.js';
import { placeUser } from './user.js';
import { placeRadio } from './wifi.js';

/**
 * The edits for a node, those of `node.files` left out: they go to the boot partition. None when nothing is asked for.
 * `burnId` has letters, digits and hyphens. The root must hold a system: see `findRootPlace`.
 * @throws PiburnError for values that are malformed, and `ROOT_…` for settings that this image cannot take.
 */
export function planRootEdits(node: Node, root: RootReader, burnId: string, now: Date): RootEdit[] {
  checkNode(node);
  checkBurnId(burnId);
  const draft = new RootDraft(root);
  if (settingsOf(node).some((setting) => setting !== 'files')) {
    // First: it gives folders other names.
    if (node.user !== undefined) {
      placeUser(draft, node.user, now);
      endFirstBootWizard(draft);
    }
    placeHostname(draft, node);
    placeSsh(draft, node.user, burnId);
    placeNetwork(draft, node, burnId);
    placeRadio(draft, node);
    placeRegion(draft, node, burnId);
    quietCloudInit(draft, node);
    if (node.firstboot !== undefined) placeFirstBootScript(draft, node.firstboot, burnId);
  }
  return draft.edits();
}

/** It becomes part of file names. */
function checkBurnId(burnId: string): void {
  if (/^[A-Za-z0-9-]{1,64}$/.test(burnId)) return;
  throw failure('CUSTOMISE_SELFCHECK', `the burn id '${burnId}' must be 1 to 64 letters, digits and hyphens`);
}
