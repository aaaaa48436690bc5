// `format` and `eject`: the commands that empty one medium, or take it out of use. `probe` stands in probe-command.ts.

import { type Command, Option } from 'commander';
import { asPiburnError, type PiburnError } from '../errors.js';
import { given } from '../given.js';
import { eject } from '../medium/eject.js';
import { format } from '../medium/format.js';
import type { FileSystemName } from '../medium/layout.js';
import type { TargetDescription } from '../protocol.js';
import { renderFailure } from '../report/failure.js';
import { renderEjected, renderFormatted } from '../report/medium-text.js';
import { cardTarget, type End } from './card-target.js';
import type { Ending } from './ending.js';
import { addSafetyOptions, allowances, ask, deviceHelp, orStuck, type SafetyFlags } from './medium-safety.js';
import { mediaOf, mediumOf } from './medium-words.js';
import { printJson } from './print-json.js';
import { addProbe } from './probe-command.js';
import type { Terminal } from './terminal.js';

interface FormatFlags extends SafetyFlags {
  readonly label?: string;
  readonly fs?: FileSystemName;
}

/** Adds them; `end` is called with how a command ended. */
export function addMediumCommands(program: Command, terminal: Terminal, end: End): void {
  addProbe(program, terminal, end);
  addFormat(program, terminal, end);
  addEject(program, terminal, end);
}

function addFormat(program: Command, terminal: Terminal, end: End): void {
  const command = program
    .command('format')
    .description('make a card empty: one partition with FAT32 or exFAT; erases it')
    .argument('[device]', deviceHelp)
    .option('--label <name>', 'its name, at most 11 characters (default: SDCARD)')
    .addOption(
      new Option('--fs <name>', 'file system (default: fat32 up to 32 GiB, exfat above)').choices(['fat32', 'exfat']),
    );
  addSafetyOptions(command).action(async (word: string | undefined, flags: FormatFlags) => {
    if (flags.json) terminal.out = process.stderr;
    const { label, fs: fileSystem } = flags;
    const confirm = (target: TargetDescription) => ask(target, 'will be erased', flags, terminal);
    const path = await mediumOf(word, flags);
    const work = async () => {
      const card = await format(path, { ...allowances(flags), ...given({ label, fileSystem }), confirm });
      if (flags.json) printJson({ type: 'card-formatted', ...card });
      else terminal.say(renderFormatted(card));
      return { code: 0, stuck: false };
    };
    end(await orStuck(work, path, flags, terminal));
  });
}

function addEject(program: Command, terminal: Terminal, end: End): void {
  program
    .command('eject')
    .description('write out what is still in memory, and eject cards')
    .argument('[devices...]', 'cards such as /dev/sda or /dev/sd[a-c], slots, or usb (DEV)')
    .option('--unmount', 'unmount cards that are mounted outside of /media')
    .option('--json', 'print what was ejected as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (words: readonly string[], flags: SafetyFlags) => {
      if (flags.json) terminal.out = process.stderr;
      const lists = words.length === 0 ? [cardTarget(undefined)] : words;
      const paths = (await Promise.all(lists.map((list) => mediaOf(list, flags)))).flat();
      end(await ejectAll(paths, flags, terminal));
    });
}

/** Each for itself: one that cannot be ejected keeps no other from it. */
async function ejectAll(paths: readonly string[], flags: SafetyFlags, terminal: Terminal): Promise<Ending> {
  const problems: PiburnError[] = [];
  const cards: object[] = [];
  for (const path of paths) {
    try {
      const medium = await eject(path, flags.unmount ?? false);
      cards.push(medium);
      terminal.say(renderEjected(medium));
    } catch (error) {
      const problem = asPiburnError(error);
      problems.push(problem);
      cards.push({ path, ejected: false, failure: problem.failure });
      terminal.sayError(renderFailure(problem.failure, { color: terminal.errorColor }));
    }
  }
  if (flags.json) printJson({ type: 'cards-ejected', cards });
  const stuck = problems.some(({ failure }) => failure.code === 'STALLED');
  return { code: Math.max(0, ...problems.map(({ exitCode }) => exitCode)), stuck };
}
