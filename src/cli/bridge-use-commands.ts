// `piburn bridge …` once there is one: what it is, who is there, whether it works, and what to change in it.

import type { Command } from 'commander';
import { addBridgeChange } from './bridge-change-commands.js';
import { addBridgeLook } from './bridge-look-commands.js';
import { addBridgeTest } from './bridge-test-command.js';
import type { End } from './card-target.js';
import type { Terminal } from './terminal.js';

/** Adds `set`, `restart`, `list`, `info`, `status`, `check` and `test`. */
export function addBridgeUseCommands(bridge: Command, terminal: Terminal, end: End): void {
  addBridgeChange(bridge, terminal, end);
  addBridgeLook(bridge, terminal, end);
  addBridgeTest(bridge, terminal, end);
}
