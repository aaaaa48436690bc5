// `piburn detect`: which reader is which. At a terminal by a dialogue, unplug and plug in; else, and with --live, a line for
// each reader and card that comes or goes.

import type { Command } from 'commander';
import { usageError } from '../errors.js';
import type { End } from './card-target.js';
import { detectByDialogue } from './detect-dialogue.js';
import { detectLive } from './detect-live.js';
import { addDiskOptions, type DiskFlags } from './disk-options.js';
import type { DiskWorld } from './see-disks.js';
import type { Terminal } from './terminal.js';

export interface DetectFlags extends DiskFlags {
  readonly dialogue?: boolean;
  readonly seed?: boolean;
  readonly live?: boolean;
}

export function addDetect(program: Command, terminal: Terminal, end: End, world: DiskWorld): void {
  const command = program
    .command('detect')
    .description('find out which card reader is which, as they are unplugged and plugged in')
    .option('--dialogue', 'ask to unplug and plug in, then list what came (default at a terminal)')
    .option('--seed', 'the same as --dialogue')
    .option('--live', 'print a line for each reader and card that comes or goes, until Ctrl-C (default elsewhere)')
    .option('--json', 'live, a disk change as JSON on each line; what is there at the start comes as reader-added')
    .addHelpText('after', detectHelp);
  addDiskOptions(command).action(async (flags: DetectFlags) => {
    const detect = wantsDialogue(flags, terminal) ? detectByDialogue : detectLive;
    end({ code: 0, stuck: await detect(flags, terminal, world) });
  });
}

const detectHelp = `
At a terminal \`piburn detect\` asks to unplug and to plug in the readers, and then lists what has come. \`piburn detect --live\`
watches, and so does \`piburn detect\` where nobody can be asked. Nothing is written. Some readers tell of a new card only
when somebody looks: piburn does so once a second where it may, which needs root or the group disk.`;

function wantsDialogue({ dialogue, seed, live, json }: DetectFlags, terminal: Terminal): boolean {
  const isAsked = dialogue === true || seed === true;
  if (isAsked && (live === true || json === true))
    throw usageError('OPTION_CONFLICT', `${live ? '--live' : '--json'} watches, and --dialogue asks`, {
      hint: 'say only one of them',
    });
  return isAsked || (live !== true && json !== true && terminal.canAsk(false));
}
