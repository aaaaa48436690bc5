// What every file with commands exports: it adds them to the program.

import type { Command } from 'commander';
import type { Ending } from './ending.js';
import type { Terminal } from './terminal.js';

export type AddCommands = (program: Command, terminal: Terminal, end: (ending: Ending) => void) => void;
