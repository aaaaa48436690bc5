// The worker's door: what was written goes onto the medium, then the medium goes out. Both may take their time.

import type { Failure } from '../errors.js';
import { ejectMedium, openDevice } from '../native.js';
import type { TargetIdentity } from '../protocol.js';
import { changed, deviceFailure } from './open-device.js';
import { Progress } from './progress.js';

export interface EjectJob {
  readonly target: TargetIdentity;
  readonly progress: SharedArrayBuffer;
}

export interface EjectOutcome {
  readonly ejected?: boolean;
  readonly failure?: Failure;
}

export default function eject({ target, progress }: EjectJob): EjectOutcome {
  const told = new Progress(progress);
  try {
    flush(target);
    told.add(0);
    return { ejected: ejectMedium(target.path) };
  } catch (error) {
    return { failure: deviceFailure(error, target) };
  } finally {
    told.add(0);
  }
}

/** Exclusively, so that nothing is ejected that somebody has mounted in the meantime. */
function flush(target: TargetIdentity): void {
  const device = openDevice(target.path, { write: false, exclusive: true, bufferBytes: 4096 });
  try {
    const problem = changed(device.info, target);
    if (problem !== undefined) throw problem;
    device.flush();
  } finally {
    device.close();
  }
}
