// What `create` and `burn` have in common on the command line: options in words → options of the library.

import { type Command, Option } from 'commander';
import type { BurnOptions } from '../burn/options.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { renderQuestion } from '../report/plan-text.js';
import { parseSeconds, parseSize } from './sizes.js';
import type { Terminal } from './terminal.js';

/** The shared options as commander hands them over. */
export interface BurnFlags {
  readonly verify: boolean;
  readonly full?: boolean;
  readonly blocksize: string;
  readonly size?: string;
  readonly early?: boolean;
  readonly decoder: 'auto' | 'xz' | 'lzma-native';
  readonly store?: string;
  readonly dryrun?: boolean;
  readonly yes?: boolean;
  readonly unmount?: boolean;
  readonly allowFixed?: boolean;
  readonly allowLarge?: boolean;
  readonly stallTimeout: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly verbose?: boolean;
}

export const addBurnOptions = (command: Command): Command =>
  command
    .option('--verify', 'read every byte back from the card and compare it', true)
    .option('--no-verify', 'do not read back: faster, but a bad or fake card goes unnoticed')
    .option('--full', 'write unused parts of the image too')
    .option('--blocksize <size>', 'largest single write, such as 1M', '4M')
    .option('--size <size>', 'size of a file that stands in for a card, such as 8G (default: as the image)')
    .option(
      '--early',
      'write while a compressed image is still being decoded; if it proves damaged, cards are unbootable',
    )
    .addOption(new Option('--decoder <name>', 'who decodes .xz').choices(['auto', 'xz', 'lzma-native']).default('auto'))
    .option('--store <dir>', 'where decoded images are kept (PIBURN_STORE, else ~/.cache/piburn)')
    .option('--dryrun', 'print the plan and write to no card (the image is still decoded into the store)')
    .option('-y, --yes', 'answer the question before the first write with yes')
    .option('--unmount', 'unmount targets that are mounted outside of /media')
    .option('--allow-fixed', 'allow disks that are neither removable nor USB nor SD')
    .option('--allow-large', 'allow disks larger than 256 GB')
    .option('--stall-timeout <seconds>', 'give a card up that has not moved for so long', '120')
    .option('--json', 'print one JSON object for each event on standard output, text on standard error')
    .option('--report <file>', 'write the result as JSON to a file (mode 0600)')
    .option('--verbose', 'print the stack of an error');

/** The library's options, with questions asked at the terminal where there is one. */
export function burnOptions(
  image: string,
  device: string | undefined,
  flags: BurnFlags,
  terminal: Terminal,
): BurnOptions {
  const target = device ?? process.env['DEV'];
  if (target === undefined || target === '')
    throw usageError('NO_DEVICE_GIVEN', 'no target was given', {
      hint: 'say --device=/dev/sd[a-c], or set DEV; `lsblk` lists the disks',
    });
  const stdinTaken = image === '-';
  const attended = terminal.canAsk(stdinTaken);
  return {
    image,
    device: target,
    verify: flags.verify,
    full: flags.full ?? false,
    blockBytes: parseSize(flags.blocksize, '--blocksize'),
    early: flags.early ?? false,
    decoder: flags.decoder,
    dryRun: flags.dryrun ?? false,
    unmount: flags.unmount ?? false,
    allowFixed: flags.allowFixed ?? false,
    allowLarge: flags.allowLarge ?? false,
    stallTimeoutMs: parseSeconds(flags.stallTimeout, '--stall-timeout'),
    attended,
    ...given({ fileBytes: flags.size === undefined ? undefined : parseSize(flags.size, '--size'), store: flags.store }),
    ...questions(flags, terminal, stdinTaken, attended),
  };
}

function questions(
  flags: BurnFlags,
  terminal: Terminal,
  stdinTaken: boolean,
  attended: boolean,
): Pick<BurnOptions, 'confirm' | 'nextCard'> {
  const isYes = (answer: string | undefined) => /^\s*y(es)?\s*$/i.test(answer ?? '');
  const confirm: BurnOptions['confirm'] = flags.yes
    ? async () => true
    : async (plan) => isYes(await terminal.ask(renderQuestion(plan), { stdinTaken }));
  if (!attended) return flags.yes ? { confirm } : {};
  return {
    confirm,
    nextCard: async ({ device, hostname, trouble }) => {
      if (trouble === undefined) {
        const again = `\n\x07Slot ${device} needs to be reused. Do you wish to continue? [y/n] `;
        if (!isYes(await terminal.ask(again, { stdinTaken }))) return false;
      }
      const why = trouble === undefined ? '' : `${trouble}\n`;
      const forWhom = hostname === undefined ? '' : ` (${device}, for ${hostname})`;
      return (await terminal.ask(`${why}Insert next card${forWhom} and press enter...`, { stdinTaken })) !== undefined;
    },
  };
}
