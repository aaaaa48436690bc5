// The commands that look at disks and write to none: info, detect and slots.

import type { Command } from 'commander';
import type { End } from './card-target.js';
import { addDetect } from './detect-command.js';
import { addInfo } from './info-command.js';
import { type DiskWorld, liveWorld } from './see-disks.js';
import { addSlots } from './slots-command.js';
import type { Terminal } from './terminal.js';

/** Adds them; `end` is called with how a command ended. */
export function addDiskCommands(program: Command, terminal: Terminal, end: End, world: DiskWorld = liveWorld): void {
  addInfo(program, terminal, end, world);
  addDetect(program, terminal, end, world);
  addSlots(program, terminal, end, world);
}
