// `piburn info`: the disks of this machine, and everything that is known of one.

import type { Command } from 'commander';
import { numberSlots } from '../devices/slots.js';
import { expandHostlist } from '../hostlist.js';
import { renderDiskDetails } from '../report/disk-details.js';
import { renderDisks } from '../report/disk-table.js';
import type { End } from './card-target.js';
import { addDiskOptions, type DiskFlags, sayNotes, tableOptions } from './disk-options.js';
import { printJson } from './print-json.js';
import { type DisksSeen, type DiskWorld, seeDisks, withCards } from './see-disks.js';
import { disksOf } from './slot-words.js';
import type { Terminal } from './terminal.js';

interface InfoFlags extends DiskFlags {
  readonly all?: boolean;
}

export function addInfo(program: Command, terminal: Terminal, end: End, world: DiskWorld): void {
  const command = program
    .command('info')
    .description('list card readers, cards and disks, and which of them `create` would take')
    .argument(
      '[device]',
      'everything known of one: /dev/sda, a link to it, a slot such as "slot 3" or its label, /dev/sd[a-c], usb',
    )
    .option('--json', 'print {"version":1,"disks":[…]}')
    .option('--all', 'loop devices too')
    .addHelpText('after', infoHelp);
  addDiskOptions(command).action(async (word: string | undefined, flags: InfoFlags) => {
    end({ code: 0, stuck: await showDisks(word, flags, terminal, world) });
  });
}

const infoHelp = `
Nothing is written, and no reason against a disk is an error: the exit code is 0. What is on a card (host name, image, date)
is read from the card, which needs root or the group disk, and from the history of burns.`;

/** Returns whether a disk hangs. */
async function showDisks(
  word: string | undefined,
  flags: InfoFlags,
  terminal: Terminal,
  world: DiskWorld,
): Promise<boolean> {
  const seen = await seeDisks(world, { ...flags, loops: flags.all === true || /loop/.test(word ?? '') });
  const wanted = word === undefined ? seen.rows : chosen(word, seen);
  const { disks, notes, stuck } = await withCards(wanted, world, flags.store);
  sayNotes([...seen.notes, ...notes], terminal);
  if (flags.json) printJson({ type: 'disks', disks });
  else if (word === undefined) terminal.say(renderDisks(disks, tableOptions(terminal)));
  else terminal.say(disks.map((disk) => renderDiskDetails(disk, seen.rows)).join('\n\n'));
  return stuck;
}

/** Each once, in the order of the words. */
function chosen(text: string, { facts, rows, book }: DisksSeen) {
  const places = [...numberSlots(facts, book).values()];
  const words = expandHostlist(text, 'DEVICE', { spaces: true });
  return [...new Set(words.flatMap((word) => disksOf(word, facts, rows, places)))];
}
