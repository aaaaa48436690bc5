// The flavours: how each kind of image takes its settings, and which ones it takes. A setting that a flavour
// cannot honour is an error here, before anything is written: silently lost settings are the classic complaint.

import { failure, type PiburnError, usageError } from '../../errors.js';
import type { Flavour } from '../../protocol.js';
import { checkNode } from '../settings-check.js';
import { cloudinitFiles } from './cloudinit.js';
import { firstrunFiles } from './firstrun.js';
import { allSettings, type FlavourFiles, type Setting, settingOptions, settingsOf } from './flavour.js';

export type { BootFile, BootFiles, FlavourFiles, FlavourInput, Setting } from './flavour.js';

export interface FlavourDefinition {
  readonly honours: readonly Setting[];
  /**
   * The files that give a node its settings; none when it asks for nothing.
   * Throws a usage error for a setting that the flavour does not honour or a value that is malformed,
   * and a failure when the image's cmdline.txt is not what it should be.
   */
  readonly files: FlavourFiles;
}

export const flavours: Readonly<Record<Flavour, FlavourDefinition>> = {
  cloudinit: define('cloudinit', allSettings, cloudinitFiles),
  firstrun: define('firstrun', allSettings, firstrunFiles),
  none: define('none', [], () => []),
};

function define(flavour: Flavour, honours: readonly Setting[], files: FlavourFiles): FlavourDefinition {
  return {
    honours,
    files(input) {
      const wanted = settingsOf(input.node);
      const lost = wanted.find((setting) => !honours.includes(setting));
      if (lost !== undefined) throw cannotHonour(lost, flavour);
      if (wanted.length === 0) return [];
      checkNode(input.node);
      checkBurnId(input.burnId);
      return files(input);
    },
  };
}

function cannotHonour(setting: Setting, flavour: Flavour): PiburnError {
  const message = `${settingOptions[setting]} cannot be applied to an image of flavour '${flavour}'.`;
  return usageError('FLAVOUR_CANNOT', message, {
    hint:
      'Say --flavour=cloudinit or --flavour=firstrun if you know that the image takes it, ' +
      'or write the image as it is with `piburn burn`.',
  });
}

/** It becomes a word of the kernel's command line. */
function checkBurnId(burnId: string): void {
  if (/^[A-Za-z0-9-]{1,64}$/.test(burnId)) return;
  throw failure('CUSTOMISE_SELFCHECK', `The burn id '${burnId}' must be 1 to 64 letters, digits and hyphens.`);
}
