// The flavours: how each kind of image takes its settings, and which ones it takes. A setting that a flavour
// cannot honour is an error here, before anything is written: silently lost settings are the classic complaint.

import { failure, type PiburnError, usageError } from '../../errors.js';
import type { ExtraFile, Flavour } from '../../protocol.js';
import { checkNode, printable } from '../settings-check.js';
import { cloudinitFiles } from './cloudinit.js';
import { firstrunFiles } from './firstrun.js';
import {
  allSettings,
  type BootFile,
  cannotHonour,
  type FlavourFiles,
  type FlavourInput,
  type Setting,
  settingsOf,
} from './flavour.js';
import { legacyFiles } from './legacy.js';
import { ubuntuFiles } from './ubuntu.js';

export type { BootFile, BootFiles, FlavourFiles, FlavourInput, Setting } from './flavour.js';
export { allSettings, settingOptions, settingsOf } from './flavour.js';

export interface FlavourDefinition {
  readonly honours: readonly Setting[];
  /**
   * The files that give a node its settings, without those of `--files`; none when it asks for nothing.
   * Throws a usage error for a setting that the flavour does not honour or a value that is malformed,
   * and a failure when the image's cmdline.txt is not what it should be.
   */
  readonly files: FlavourFiles;
}

export const flavours: Readonly<Record<Flavour, FlavourDefinition>> = {
  cloudinit: define('cloudinit', allSettings, cloudinitFiles),
  ubuntu: define('ubuntu', allSettings, ubuntuFiles),
  firstrun: define('firstrun', allSettings, firstrunFiles),
  legacy: define('legacy', allSettings, legacyFiles),
  none: define('none', ['files'], () => []),
};

function define(flavour: Flavour, honours: readonly Setting[], make: FlavourFiles): FlavourDefinition {
  return {
    honours,
    files(input) {
      const wanted = settingsOf(input.node);
      const lost = wanted.find((setting) => !honours.includes(setting));
      if (lost !== undefined) throw cannotHonour(lost, flavour, whoHonours(lost));
      if (wanted.length === 0) return [];
      checkNode(input.node);
      checkBurnId(input.burnId);
      // Files alone ask for nothing that a flavour would have to make; they may even bring its files along.
      const files = wanted.every((setting) => setting === 'files') ? [] : make(input);
      checkExtraFiles(input, files);
      return files;
    },
  };
}

function whoHonours(setting: Setting): string {
  const names = Object.entries(flavours).filter(([, { honours }]) => honours.includes(setting));
  const options = names.map(([name]) => `--flavour=${name}`).join(', ');
  return `If you know that the image takes it, say one of ${options}; or write the image as it is with \`piburn burn\`.`;
}

/** It becomes a word of the kernel's command line. */
function checkBurnId(burnId: string): void {
  if (/^[A-Za-z0-9-]{1,64}$/.test(burnId)) return;
  throw failure('CUSTOMISE_SELFCHECK', `The burn id '${burnId}' must be 1 to 64 letters, digits and hyphens.`);
}

/** Extra files may replace files of the image, such as config.txt, but not what makes this node's settings work. */
function checkExtraFiles({ node, boot }: FlavourInput, made: readonly BootFile[]): void {
  const taken = new Set(['cmdline.txt', boot.cmdlinePath ?? 'cmdline.txt', ...made.map(({ path }) => path)].map(keyOf));
  for (const file of node.files ?? []) if (taken.has(keyOf(file.path))) throw takenPath(file);
}

/** FAT does not tell upper from lower case. */
const keyOf = (path: string): string => path.toUpperCase();

const takenPath = ({ path }: ExtraFile): PiburnError =>
  usageError('FILE_TAKEN', `--files: '${printable(path)}' is a file that piburn makes or changes itself.`, {
    hint: 'Use the options for the settings that are in it, or give the file another name.',
  });
