// The unplug and plug-in dialogue of `detect`, in the words of cloudmesh-pi-burn, with what lsusb would call the newcomers.

import type { DiskSight } from '../devices/rows.js';
import { type UsbDevice, usbDevices } from '../devices/usb-devices.js';
import { failure, interruption } from '../errors.js';
import { nowText } from '../report/disk-lines.js';
import { diskName } from '../report/disk-words.js';
import { type DiskFlags, sayNotes } from './disk-options.js';
import { type DiskWorld, seeDisks, withCards } from './see-disks.js';
import { isYes, type Terminal } from './terminal.js';

const rule = `# ${'-'.repeat(70)}`;
/** A reader with its hub needs some seconds to be there with all its slots. */
const lookEveryMs = 500;
const longestWaitMs = 6000;

/** Returns whether a disk hangs. @throws PiburnError `NO_READER_CAME`, and interrupted at the end of input. */
export async function detectByDialogue(flags: DiskFlags, terminal: Terminal, world: DiskWorld): Promise<boolean> {
  terminal.say('Make sure the USB Reader(s) is removed ...');
  await untilYes('Is the reader(s) removed? y/n ', terminal);
  const before = await look(flags, world);
  terminal.say('Now plug in the Reader(s) ...');
  await untilYes('Is the reader(s) plugged in? y/n ', terminal);
  const { usb, rows, notes } = await waitForNews(before, flags, world);
  sayNotes(notes, terminal);
  if (usb.length === 0 && rows.length === 0)
    throw failure('NO_READER_CAME', 'no reader has come since the first question', {
      hint: 'try another port or cable; readers that were there all along are in `piburn info`',
    });
  const { disks, notes: cardNotes, stuck } = await withCards(rows, world, flags.store);
  sayNotes(cardNotes, terminal);
  const lines = [
    ...['', rule, '# Detected Card Writers', rule, ''],
    ...usb.map(({ text }) => text),
    ...(usb.length > 0 && disks.length > 0 ? [''] : []),
    ...disks.map((disk) => `${diskName(disk)}: ${nowText(disk)}`),
  ];
  terminal.say(lines.join('\n'));
  return stuck;
}

async function untilYes(question: string, terminal: Terminal): Promise<void> {
  for (;;) {
    const answer = await terminal.ask(question);
    if (answer === undefined) throw interruption('detect ended before both questions were answered');
    if (isYes(answer)) return;
  }
}

interface Look {
  readonly usb: readonly UsbDevice[];
  readonly rows: readonly DiskSight[];
  readonly notes: readonly string[];
}

async function look({ store }: DiskFlags, world: DiskWorld): Promise<Look> {
  const { rows, notes } = await seeDisks(world, store === undefined ? {} : { store });
  return { usb: usbDevices(world.source), rows, notes };
}

/** What is new, as soon as two looks in a row see the same, and something. */
async function waitForNews(before: Look, flags: DiskFlags, world: DiskWorld): Promise<Look> {
  let last = news(before, await look(flags, world));
  for (let waitedMs = 0; waitedMs < longestWaitMs; waitedMs += lookEveryMs) {
    await world.pause(lookEveryMs);
    const next = news(before, await look(flags, world));
    const isSettled = next.rows.length > 0 && signature(next) === signature(last);
    last = next;
    if (isSettled) break;
  }
  return last;
}

function news(before: Look, after: Look): Look {
  const usb = after.usb.filter(({ text }) => !before.usb.some((known) => known.text === text));
  const rows = after.rows.filter((row) => !before.rows.some((known) => isSame(known, row)));
  return { ...after, usb, rows: rows.filter(({ kind }) => kind !== 'system') };
}

/** A reader that was unplugged and came back is another disk to the kernel, even under the same name. */
const isSame = (a: DiskSight, b: DiskSight): boolean =>
  a.path === b.path && a.diskSequence === b.diskSequence && a.slot?.port === b.slot?.port;

const signature = ({ usb, rows }: Look): string =>
  JSON.stringify([usb, rows.map(({ path, diskSequence, sizeBytes }) => [path, diskSequence, sizeBytes])]);
