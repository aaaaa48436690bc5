// `slots blink`: a card file takes the place of the card.

import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { blinkSlot } from '../../src/cli/blink-slot.js';
import type { DiskSight } from '../../src/devices/rows.js';
import { PiburnError } from '../../src/errors.js';
import { openDescriptors, pattern, scratchFolder } from '../native/scratch.js';
import { reader } from '../report/disk-rows.js';
import { machine, RecordedWorld, ScriptedTerminal } from './disk-support.js';

function slotWithCard(t: TestContext, sizeBytes: number): DiskSight {
  const path = join(scratchFolder(t), 'card.img');
  writeFileSync(path, pattern(4096));
  truncateSync(path, sizeBytes);
  return { ...reader, path };
}

/** Counts pauses, which follow the bursts. */
class CountingWorld extends RecordedWorld {
  pauses = 0;
  onPause: () => void = () => undefined;

  override async pause(): Promise<void> {
    this.pauses++;
    this.onPause();
    return await Promise.resolve();
  }
}

test('reads come in bursts until the time is over, also of a card smaller than one request', async (t) => {
  for (const sizeBytes of [4096, 1024 * 1024 + 4096]) {
    const world = new CountingWorld(machine('vm-readers'));
    const terminal = new ScriptedTerminal();
    const disk = slotWithCard(t, sizeBytes);
    await blinkSlot(disk, 400, terminal, world);
    assert.equal(world.pauses, 2);
    assert.match(terminal.text, /^slot 3 \(\/.*card\.img\) flickers for 0\.4 s, until Ctrl-C\.$/);
    assert.deepEqual(openDescriptors(disk.path), []);
  }
});

test('Ctrl-C ends the flickering', async (t) => {
  const world = new CountingWorld(machine('vm-readers'));
  const terminal = new ScriptedTerminal();
  world.onPause = () => terminal.interrupt();
  await blinkSlot(slotWithCard(t, 1024 * 1024), 3_600_000, terminal, world);
  assert.equal(world.pauses, 1);
});

test('a card that is gone is an error that says so', async (t) => {
  const disk = { ...reader, path: join(scratchFolder(t), 'gone') };
  await assert.rejects(
    blinkSlot(disk, 100, new ScriptedTerminal(), new CountingWorld(machine('vm-readers'))),
    (error) => error instanceof PiburnError && error.failure.code === 'CARD_UNREADABLE',
  );
});
