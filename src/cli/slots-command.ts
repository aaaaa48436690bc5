// `piburn slots`: numbers and names for the places where cards are put in, and a light that shows which one it is.

import type { Command } from 'commander';
import { numberSlots, placeName } from '../devices/slots.js';
import { PiburnError, toFailure, usageError } from '../errors.js';
import type { SlotPlace } from '../protocol.js';
import { changeSlotBook } from '../records/slot-book.js';
import { renderSlots } from '../report/disk-lines.js';
import { parseSeconds } from '../typed-amounts.js';
import { blinkSlot } from './blink-slot.js';
import type { End } from './card-target.js';
import { addDiskOptions, type DiskFlags, sayNotes, tableOptions } from './disk-options.js';
import { recordsPlace } from './person.js';
import { printJson } from './print-json.js';
import { type DisksSeen, type DiskWorld, seeDisks, withCards } from './see-disks.js';
import { forgetSlots, nameSlots } from './slot-changes.js';
import { disksOf, slotOf } from './slot-words.js';
import type { Terminal } from './terminal.js';

/** What all actions of a command get. */
interface Setting {
  readonly terminal: Terminal;
  readonly end: End;
  readonly world: DiskWorld;
}

const whatHelp = '3, "slot 3", a label, /dev/sdb or a link to it, or a port as `piburn slots` shows it';

export function addSlots(program: Command, terminal: Terminal, end: End, world: DiskWorld): void {
  const setting = { terminal, end, world };
  const slots = program
    .command('slots')
    .description('list the slots of card readers, give them names, or find one')
    // Else options behind a subcommand would be taken for those of `slots` itself.
    .enablePositionalOptions();
  addDiskOptions(slots)
    .option('--json', 'print the slots as JSON')
    .addHelpText('after', slotsHelp)
    .action((flags: DiskFlags) => listSlots(flags, setting));
  addName(slots, setting);
  addForget(slots, setting);
  addBlink(slots, setting);
}

const slotsHelp = `
A slot is a place: controller, hub ports and card slot of a reader. It keeps its number and label while the reader is plugged
in there, whatever the kernel calls the disk. \`piburn slots\` remembers the numbers that it shows.`;

async function listSlots(flags: DiskFlags, { terminal, end, world }: Setting): Promise<void> {
  const seen = await seeDisks(world, flags);
  const notes = remember(seen, flags.store);
  const places = placesOf(seen);
  const inSlots = seen.rows.filter(({ slot }) => slot !== undefined);
  const known = await withCards(inSlots, world, flags.store);
  sayNotes([...seen.notes, ...notes, ...known.notes], terminal);
  const rows = places.map((place) => {
    const disk = known.disks.find(({ slot }) => slot?.port === place.port);
    return { place, ...(disk === undefined ? {} : { disk }) };
  });
  if (flags.json)
    printJson({ type: 'slots', slots: rows.map(({ place, disk }) => ({ ...place, ...(disk && { disk }) })) });
  else terminal.say(renderSlots(rows, tableOptions(terminal)));
  end({ code: 0, stuck: known.stuck });
}

const placesOf = ({ facts, book }: DisksSeen): SlotPlace[] =>
  [...numberSlots(facts, book).values()].sort((a, b) => a.number - b.number);

/** Numbers that have been shown stay; where they cannot be kept, that is a note. */
function remember({ facts, book }: DisksSeen, store: string | undefined): string[] {
  if (numberSlots(facts, book).size === book.slots.length) return [];
  try {
    changeSlotBook(recordsPlace(store, process.env), (now) => ({ slots: [...numberSlots(facts, now).values()] }));
    return [];
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    return [`these numbers are not kept: ${toFailure(error).message}`];
  }
}

function addName(slots: Command, { terminal, end, world }: Setting): void {
  const command = slots
    .command('name')
    .description('give slots names: piburn slots name 3=left "slot 4=right 2"')
    .argument('<assignments...>', `WHAT=LABEL, or WHAT= to take a label away; WHAT: ${whatHelp}`)
    .option('--json', 'print the slots that were named as JSON');
  addDiskOptions(command).action(async (assignments: string[]) => {
    const flags: DiskFlags = command.optsWithGlobals();
    const seen = await seeDisks(world, flags);
    sayNotes(seen.notes, terminal);
    const named = nameSlots(assignments, seen, recordsPlace(flags.store, process.env));
    if (flags.json) printJson({ type: 'slots', slots: named });
    else for (const place of named) terminal.say(namedText(place));
    end({ code: 0, stuck: false });
  });
}

const namedText = ({ number, label, port }: SlotPlace): string =>
  `slot ${number} ${label === undefined ? 'has no label' : `is called ${label}`} (${port})`;

function addForget(slots: Command, { terminal, end, world }: Setting): void {
  const command = slots
    .command('forget')
    .description('forget number and label of a slot, or of all USB readers that are not plugged in')
    .argument('[what...]', `the slot: ${whatHelp}`)
    .option('--json', 'print the slots that are forgotten as JSON');
  addDiskOptions(command).action(async (words: string[]) => {
    const flags: DiskFlags = command.optsWithGlobals();
    const seen = await seeDisks(world, flags);
    sayNotes(seen.notes, terminal);
    const what = words.length === 0 ? undefined : slotOf(words.join(' '), seen.facts, seen.rows, placesOf(seen));
    const gone = forgetSlots(what, seen, recordsPlace(flags.store, process.env));
    if (flags.json) printJson({ type: 'slots', slots: gone });
    else if (gone.length === 0) terminal.say('Nothing was there to be forgotten.');
    else for (const place of gone) terminal.say(`${placeName(place)} is forgotten (${place.port})`);
    end({ code: 0, stuck: false });
  });
}

function addBlink(slots: Command, { terminal, end, world }: Setting): void {
  const command = slots
    .command('blink')
    .description('make the light of a reader flicker by reading its card; needs root or the group disk')
    .argument('<what...>', `the slot: ${whatHelp}`)
    .option('--seconds <number>', 'for so long, or until Ctrl-C', '10');
  addDiskOptions(command).action(async (words: string[]) => {
    const flags: DiskFlags & { readonly seconds: string } = command.optsWithGlobals();
    if (flags.json)
      throw usageError('OPTION_WITHOUT_EFFECT', '--json has no effect on a light', { hint: 'leave it out' });
    const durationMs = parseSeconds(flags.seconds, '--seconds');
    const seen = await seeDisks(world, flags);
    sayNotes(seen.notes, terminal);
    const [disk] = disksOf(words.join(' '), seen.facts, seen.rows, placesOf(seen));
    if (disk !== undefined) await blinkSlot(disk, durationMs, terminal, world);
    end({ code: 0, stuck: false });
  });
}
