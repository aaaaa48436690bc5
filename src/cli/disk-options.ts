// What the commands about disks have in common.

import { type Command, Option } from 'commander';
import type { DiskTableOptions } from '../report/disk-table.js';
import type { Terminal } from './terminal.js';

export interface DiskFlags {
  readonly json?: boolean;
  readonly store?: string;
}

export const addDiskOptions = (command: Command): Command =>
  command
    .addOption(new Option('--store <dir>', 'where slots and history are kept (PIBURN_STORE, else ~/.cache/piburn)'))
    .option('--verbose', 'print the stack of an error');

/** As wide as the terminal; without one nothing limits a table. */
export const tableOptions = (terminal: Terminal): DiskTableOptions => ({
  columns: terminal.out.isTTY ? terminal.columns : Number.POSITIVE_INFINITY,
  color: terminal.color,
});

export function sayNotes(notes: readonly string[], terminal: Terminal): void {
  for (const note of new Set(notes)) terminal.sayError(`note: ${note}`);
}
