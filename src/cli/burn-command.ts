// What `create` and `burn` have in common on the command line: options in words → options of the library.

import type { Command } from 'commander';
import { count } from '../burn/create-settings.js';
import type { BurnOptions } from '../burn/options.js';
import { asPiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import type { CardReport } from '../protocol.js';
import { renderQuestion } from '../report/plan-text.js';
import { parseSeconds, parseSize } from '../typed-amounts.js';
import { addImageOptions, type ImageFlags, imageWishes } from './image-options.js';
import { recordsPlace } from './person.js';
import type { View } from './present.js';
import { ownRunId } from './run-id.js';
import { isYes, type Terminal } from './terminal.js';

/** The shared options as commander hands them over: those that were given. */
export interface BurnFlags extends ImageFlags {
  readonly verify?: boolean;
  readonly full?: boolean;
  readonly delta?: boolean;
  readonly blocksize?: string;
  readonly size?: string;
  readonly early?: boolean;
  readonly dryrun?: boolean;
  readonly yes?: boolean;
  readonly unmount?: boolean;
  readonly allowFixed?: boolean;
  readonly allowLarge?: boolean;
  readonly stallTimeout?: string;
  readonly background?: boolean;
  readonly report?: string;
  readonly probe?: boolean;
  readonly format?: boolean;
  readonly eject?: boolean;
  readonly jobs?: string;
}

export const imageHelp = 'latest, a name of `piburn image versions`, a file, an address, or - for standard input';

export function addBurnOptions(command: Command): Command {
  command
    .option('--verify', 'read every byte back from the card and compare it (default)')
    .option('--no-verify', 'do not read back: faster, but a bad or fake card goes unnoticed')
    .option('--full', 'write unused parts of the image too')
    .option('--delta', 'compare each card with the image first, and write only what differs')
    .option('--blocksize <size>', 'largest single write, such as 1M (default: what the reader takes, at most 4M)')
    .option('--size <size>', 'size of a file that stands in for a card, such as 8G (default: as the image)')
    .option(
      '--early',
      'write while a compressed image is still being decoded; if it proves damaged, cards are unbootable',
    )
    .option('--dryrun', 'print the plan and write to no card (the image is still decoded into the store)')
    .option('-y, --yes', 'answer the question before the first write with yes')
    .option('--unmount', 'unmount targets that are mounted outside of /media')
    .option('--allow-fixed', 'allow disks that are neither removable nor USB nor SD')
    .option('--allow-large', 'allow disks larger than 256 GB')
    .option('--no-probe', 'do not look for false capacity by markers behind the image')
    .option('--format', 'make every byte of the card zero first, so that nothing old remains')
    .option('--eject', 'eject a card that is good (default with create --auto, where the medium is removable)')
    .option('--no-eject', 'leave a card in its reader as it is')
    .option('--jobs <number>', 'burn at most so many cards at once (default: all slots)')
    .option('--stall-timeout <seconds>', 'give a card up that has not moved for so long (default: 120)')
    .option('--background', 'go on without this terminal once the first card is being written (see `piburn status`)')
    .option('--report <file>', 'write the result as JSON to a file (mode 0600)');
  return addImageOptions(command, ['decoder', 'sha256', 'max-size', 'bmap', 'keep', 'repo', 'store', 'json']);
}

/** The options of a burn whose image and targets are given. */
export function burnOptions(
  image: string,
  device: string | undefined,
  flags: BurnFlags,
  terminal: Terminal,
): BurnOptions {
  const target = device ?? (process.env['DEV'] || undefined);
  return { image, ...given({ device: target }), ...commonOptions(flags, image === '-', terminal) };
}

/** What `burn` and `create` share, with questions asked at the terminal where there is one. */
export function commonOptions(
  flags: BurnFlags,
  stdinTaken: boolean,
  terminal: Terminal,
): Omit<BurnOptions, 'image' | 'device'> {
  const { verify, full, delta, early, blocksize, size, stallTimeout, probe, format, eject, jobs } = flags;
  checkBackground(flags, stdinTaken);
  const attended = !flags.background && terminal.canAsk(stdinTaken);
  if (flags.yes) terminal.foreground?.agree();
  return {
    dryRun: flags.dryrun ?? false,
    unmount: flags.unmount ?? false,
    allowFixed: flags.allowFixed ?? false,
    allowLarge: flags.allowLarge ?? false,
    attended,
    unasked: flags.yes ?? false,
    runId: terminal.foreground?.start.id ?? ownRunId(),
    records: recordsPlace(flags.store, process.env),
    ...imageWishes(flags),
    ...questions(flags, terminal, stdinTaken, attended),
    ...given({
      verify,
      full,
      delta,
      early,
      // Commander says true where --no-probe was not said.
      probe: probe === false ? false : undefined,
      wipeAll: format,
      eject,
      jobs: count(jobs, '--jobs', 1),
      blockBytes: blocksize === undefined ? undefined : parseSize(blocksize, '--blocksize'),
      fileBytes: size === undefined ? undefined : parseSize(size, '--size'),
      stallTimeoutMs: stallTimeout === undefined ? undefined : parseSeconds(stallTimeout, '--stall-timeout'),
    }),
  };
}

/** In the background nobody sees lines of JSON: `piburn status --json` tells how far the run is. */
export const viewOf = (flags: BurnFlags): View => ({
  json: (flags.json ?? false) && !flags.background,
  dryRun: flags.dryrun ?? false,
  ...given({ report: flags.report }),
});

/** The same of a run in the background whose nodes need a person to change cards. */
export function inBackgroundWords(error: unknown): never {
  const { failure } = asPiburnError(error);
  if (failure.code !== 'MORE_NODES_THAN_SLOTS') throw error;
  throw usageError(
    failure.code,
    failure.message.replace(/ and there is .*$/, ' and a run in the background asks for no cards'),
    {
      hint: 'say --auto, and piburn notices changed cards by itself; or give a slot for each node',
    },
  );
}

/** What needs a terminal for longer than a run in the background has one. */
function checkBackground({ background, dryrun }: BurnFlags, stdinTaken: boolean): void {
  if (!background) return;
  if (stdinTaken)
    throw usageError(
      'BACKGROUND',
      '--background cannot read the image from standard input, which ends with this command',
      {
        hint: 'put the image into a file first, or leave --background out',
      },
    );
  if (dryrun)
    throw usageError('OPTION_WITHOUT_EFFECT', '--background has no effect with --dryrun', { hint: 'leave it out' });
}

function questions(
  flags: BurnFlags,
  terminal: Terminal,
  stdinTaken: boolean,
  attended: boolean,
): Pick<BurnOptions, 'confirm' | 'nextCard'> {
  const confirm: BurnOptions['confirm'] = flags.yes
    ? async () => true
    : async (plan) => {
        const isAgreed = isYes(await terminal.ask(renderQuestion(plan), { stdinTaken }));
        if (isAgreed) terminal.foreground?.agree();
        return isAgreed;
      };
  if (!attended) return flags.yes || terminal.canAsk(stdinTaken) ? { confirm } : {};
  return {
    confirm,
    nextCard: async ({ device, place, hostname, address, trouble, last }) => {
      const name = place === undefined ? device : `${place.replace(/^slot /, '')} (${device})`;
      if (trouble === undefined) {
        const again = `\n${spentCard(last)}\x07Slot ${name} needs to be reused. Do you wish to continue? [y/n] `;
        if (!isYes(await terminal.ask(again, { stdinTaken }))) return false;
      }
      const why = trouble === undefined ? '' : `${trouble}\n`;
      const label = [hostname, address].filter((word) => word !== undefined).join(' ');
      const forWhom = label === '' ? '' : ` (${place === undefined ? '' : `${place}, `}${device}, for ${label})`;
      return (await terminal.ask(`${why}Insert next card${forWhom} and press enter...`, { stdinTaken })) !== undefined;
    },
  };
}

/** What to do with the card that comes out, for the person who holds it a moment later. */
function spentCard(last: CardReport | undefined): string {
  if (last === undefined) return '';
  const name = last.hostname ?? 'the card';
  if (last.outcome === 'good') return `${name} is good: take it out.\n`;
  return `${name} ${last.outcome}${last.failure === undefined ? '' : `: ${last.failure.message}`}. Set this card aside.\n`;
}
