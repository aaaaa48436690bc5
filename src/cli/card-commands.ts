// The small commands on one card, a card file, or the folder where a card is mounted: check, ls, cat, mount, unmount, and
// (in card-edit-commands.ts) those that change a setting.

import type { Command } from 'commander';
import { checkCard, compareWithReport, readReport } from '../burn/one-card/check.js';
import { listCard, readCardFile } from '../burn/one-card/files.js';
import { mountOneCard, unmountOneCard } from '../burn/one-card/mounts.js';
import { parseCardPath } from '../burn/one-card/place.js';
import { refusal } from '../errors.js';
import { renderCard, renderDifferences, renderEntries } from '../report/card-text.js';
import { addCardEditCommands } from './card-edit-commands.js';
import { cardTarget, defaultCard, type End, targetHelp } from './card-target.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface CheckFlags {
  readonly against?: string;
  readonly json?: boolean;
}

/** Adds them; `end` is called with how a command ended. */
export function addCardCommands(program: Command, terminal: Terminal, end: End): void {
  addCheck(program, terminal, end);
  addLs(program, terminal, end);
  addCat(program, end);
  addCardEditCommands(program, terminal, end);
  addMount(program, terminal, end);
  addUnmount(program, terminal, end);
}

function addCheck(program: Command, terminal: Terminal, end: End): void {
  program
    .command('check')
    .description('say what a card is, and whether it is as a report says')
    .argument('[target]', targetHelp)
    .option('--against <report>', 'compare with what create --report=FILE wrote: exit code 1 when something differs')
    .option('--json', 'print the facts as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (word: string | undefined, { against, json }: CheckFlags) => {
      const report = against === undefined ? undefined : readReport(against);
      const facts = await checkCard(cardTarget(word));
      const differences = report === undefined ? undefined : compareWithReport(facts, report);
      if (json) printJson({ type: 'card', ...facts, ...(differences === undefined ? {} : { differences }) });
      else {
        terminal.say(renderCard(facts));
        if (differences !== undefined) terminal.say(renderDifferences(differences, against ?? ''));
      }
      end({ code: (differences?.length ?? 0) > 0 ? 1 : 0, stuck: false });
    });
}

const pathHelp =
  'TARGET:boot/FILE, TARGET:root/FILE, or TARGET:/FILE as the running Pi sees it; target: DEV if left out';

function addLs(program: Command, terminal: Terminal, end: End): void {
  program
    .command('ls')
    .description('list files on the boot partition or the root of a card')
    .argument('[place]', pathHelp)
    .option('-l, --long', 'modes, owners, sizes and times too')
    .option('--json', 'print the entries as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (word: string | undefined, flags: { long?: boolean; json?: boolean }) => {
      const place = parseCardPath(cardTarget(word), defaultCard());
      const entries = await listCard(place);
      if (flags.json) printJson({ type: 'card-files', ...place, entries });
      else if (entries.length > 0) terminal.say(renderEntries(entries, flags.long ?? false));
      end({ code: 0, stuck: false });
    });
}

function addCat(program: Command, end: End): void {
  program
    .command('cat')
    .description('write a file of a card to standard output')
    .argument('<place>', pathHelp)
    .option('--verbose', 'print the stack of an error')
    .action(async (word: string) => {
      const bytes = await readCardFile(parseCardPath(word, defaultCard()));
      if (process.stdout.isTTY && isBinary(bytes)) {
        throw refusal('BINARY', `${word} is binary (${bytes.length} bytes) and would upset the terminal`, {
          hint: `write it to a file: piburn cat ${word} > FILE`,
        });
      }
      await new Promise<void>((resolve) => process.stdout.write(bytes, () => resolve()));
      end({ code: 0, stuck: false });
    });
}

/** Control characters other than those of texts. */
const isBinary = (bytes: Uint8Array): boolean =>
  bytes.some((byte) => (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d)) || byte === 0x7f);

function addMount(program: Command, terminal: Terminal, end: End): void {
  program
    .command('mount')
    .description("mount a card's root with its boot partition (needs root)")
    .argument('[device]', 'a card such as /dev/sda, or a card file (DEV)')
    .argument('[mountpoint]', 'where (default: /mnt/piburn/NAME, made when it is missing)')
    .option('--json', 'print where, as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (word: string | undefined, mountpoint: string | undefined, { json }: { json?: boolean }) => {
      const mounted = await mountOneCard(cardTarget(word), mountpoint);
      if (json) printJson({ type: 'card-mounted', ...mounted });
      else terminal.say(`${mounted.root} is the root of ${mounted.target}, ${mounted.boot} its boot partition`);
      end({ code: 0, stuck: false });
    });
}

function addUnmount(program: Command, terminal: Terminal, end: End): void {
  program
    .command('unmount')
    .description('unmount everything of a card (needs root)')
    .argument('[target]', 'a card such as /dev/sda, a card file, or the folder where it is mounted (DEV)')
    .option('--json', 'print what was unmounted, as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (word: string | undefined, { json }: { json?: boolean }) => {
      const target = cardTarget(word);
      const unmounted = await unmountOneCard(target);
      if (json) printJson({ type: 'card-unmounted', target, unmounted });
      else {
        const what =
          unmounted.length === 0 ? `nothing of ${target} is mounted` : `${unmounted.join(' and ')} unmounted`;
        terminal.say(`${what}: it is safe to pull the card`);
      }
      end({ code: 0, stuck: false });
    });
}
