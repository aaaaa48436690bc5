// Ejecting the card when it is good, with the fault shim in the place of a card reader.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ChildBench, mib, sampleImage } from './child-bench.js';

const cardBytes = 16 * mib;
const image = sampleImage();

test('a good card is ejected, in two commands', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn(['scsi sense=0'], { eject: true });
  assert.deepEqual([result.outcome, result.ejected, result.warnings], ['good', true, []]);
  assert.deepEqual(bench.struck(), [`scsi ${0x1e} 0`, `scsi ${0x1b} 2`]);
});

test('a card that cannot be ejected is good all the same, with a warning', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  if (bench === undefined) return;
  const cases = [
    [[], /no such command/],
    [['scsi sense=5'], /no such command/],
    [['scsi sense=4'], /SG_IO.*Input\/output error/],
    [['scsi sense=2'], /SG_IO.*No medium/],
  ] as const;
  for (const [faults, says] of cases) {
    const { result } = bench.burn(faults, { eject: true });
    assert.deepEqual([result.outcome, result.ejected], ['good', false]);
    assert.match(result.warnings.join(), says);
    assert.match(result.warnings.join(), /was not ejected: .*; it may be pulled out all the same$/);
  }
});

test('a failed card and a file are not ejected', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  const file = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined || file === undefined) return;
  const { result } = bench.burn([`write from=${2 * mib} errno=EIO`, 'scsi sense=0'], { eject: true });
  assert.deepEqual([result.outcome, result.ejected], ['failed', undefined]);
  assert.ok(!bench.struck().some((line) => line.startsWith('scsi')));
  assert.equal(file.burn([], { eject: true }).result.ejected, undefined);
});
