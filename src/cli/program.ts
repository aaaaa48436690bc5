// The command line: commands, their options and help. Each command maps its words to one call of the library.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { usageError } from '../errors.js';
import { burn } from '../index.js';
import { addBridgeCommands } from './bridge-command.js';
import { addBridgeUseCommands } from './bridge-use-commands.js';
import { addBurnOptions, type BurnFlags, burnOptions, imageHelp, viewOf } from './burn-command.js';
import { addCardCommands } from './card-commands.js';
import { addCreate } from './create-command.js';
import { demo } from './demo.js';
import { addDiskCommands } from './disk-commands.js';
import type { Ending } from './ending.js';
import { addHistoryCommand } from './history-command.js';
import { addImageCommands } from './image-command.js';
import { addMediumCommands } from './medium-commands.js';
import { addNetworkCommands } from './network-command.js';
import { present } from './present.js';
import { addStoreCommands } from './store-command.js';
import type { Terminal } from './terminal.js';

/** The program; `end` is called with how a command ended. */
export function makeProgram(terminal: Terminal, end: (ending: Ending) => void): Command {
  const program = new Command('piburn')
    .description('Burn many Raspberry Pi SD cards at once, each with its own identity, every byte read back.')
    .version(version())
    .exitOverride(toUsageError)
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', footer);
  addCreate(program, terminal, end);
  addBurn(program, terminal, end);
  addImageCommands(program, terminal, end);
  addStoreCommands(program, terminal, end);
  addHistoryCommand(program, terminal, end);
  addDiskCommands(program, terminal, end);
  addMediumCommands(program, terminal, end);
  addCardCommands(program, terminal, end);
  addNetworkCommands(program, terminal, end);
  addBridgeUseCommands(addBridgeCommands(program, terminal, end), terminal, end);
  program
    .command('demo')
    .description('burn three virtual cards in a directory: no card, no root, no network')
    .option('--dir <dir>', 'where the card files go', 'piburn-demo')
    .action(async (flags: { dir: string }) => end(await demo(flags.dir, terminal)));
  return program;
}

const footer = `
Exit codes: 0 every card good, 1 some card failed, 2 wrong usage, 3 refused for safety, 130 interrupted.

  piburn create --image=latest --device=/dev/sd[a,e,f] --hostname=red[001-003] \\
                --ipaddr=10.1.1.[2-4]/24 --sshkey=default`;

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function addBurn(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  const command = program
    .command('burn')
    .description('burn an image, as it is, onto every target')
    .argument('<image>', imageHelp)
    .argument('[devices]', 'targets: /dev/sda,/dev/sdb or /dev/sd[a-f] (DEV)');
  addBurnOptions(command).action(async (image: string, devices: string | undefined, flags: BurnFlags) => {
    if (flags.json) terminal.out = process.stderr;
    end(await present(() => burn(burnOptions(image, devices, flags, terminal)), viewOf(flags), terminal));
  });
}

/** Commander's own complaints in our form; help and version are no errors. */
function toUsageError(error: CommanderError): never {
  if (error.exitCode === 0) throw new HelpShown(error.exitCode, error.code, error.message);
  const message = error.code === 'commander.help' ? 'no command was given' : error.message;
  const text = message.replace(/^error: /, '').replace(/\.$/, '');
  throw usageError('COMMAND_LINE', text, { hint: 'run `piburn --help`, or `piburn COMMAND --help`' });
}

/** Thrown by commander's help and version, after they have printed. */
export class HelpShown extends CommanderError {}
