// A worker that takes one step and then stands still, as one does inside a system call of a disk that hangs; until it is
// cancelled, so that the test can end.

import { Progress } from '../../src/medium/progress.js';

export default function hang({ progress }: { readonly progress: SharedArrayBuffer }): void {
  const told = new Progress(progress);
  told.enter('writing', 100);
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (!told.cancelled) Atomics.wait(nothing, 0, 0, 10);
}
