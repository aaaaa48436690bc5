// All fuzz targets.

import { disk, gpt } from './disk.js';
import { ext, root } from './ext.js';
import { fat } from './fat.js';
import { androidSparse, gzip, xz, zip, zstd } from './packed.js';
import type { Target } from './target.js';
import { textTargets } from './texts.js';

export type { Target } from './target.js';

export const targets: readonly Target[] = [
  disk,
  gpt,
  fat,
  ext,
  root,
  androidSparse,
  zip,
  gzip,
  xz,
  zstd,
  ...textTargets,
];
