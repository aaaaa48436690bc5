// The command line: commands, their options and help. Each command maps its words to one call of the library.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { packageUrl } from '../code-root.js';
import { usageError } from '../errors.js';
import { type CommandGroup, commandGroups, nameIn } from './command-table.js';
import type { Ending } from './ending.js';
import type { Terminal } from './terminal.js';

/** The program for this command line: with the command that it calls. `end` is called with how a command ended. */
export async function makeProgram(
  args: readonly string[],
  terminal: Terminal,
  end: (ending: Ending) => void,
): Promise<Command> {
  const program = new Command('piburn')
    .description('Burn many Raspberry Pi SD cards at once, each with its own identity, every byte read back.')
    .version(version())
    .exitOverride(toUsageError)
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', footer);
  const called = args.find((arg) => !arg.startsWith('-'));
  for (const group of commandGroups) {
    // `piburn help create` prints the help of that command, which must be there then.
    if (called === 'help' || isIn(group, called)) (await group.load())(program, terminal, end);
    else addNames(group, program);
  }
  return program;
}

const isIn = ({ commands }: CommandGroup, name: string | undefined): boolean =>
  commands.some(([usage]) => nameIn(usage) === name);

/** What the help says of commands that are not called. */
function addNames({ commands }: CommandGroup, program: Command): void {
  for (const [usage, description] of commands) {
    const command = program.command(usage.replace(' [options]', '')).description(description);
    if (usage.includes(' [options]')) command.option('--any');
  }
}

const footer = `
Exit codes: 0 every card good, 1 some card failed, 2 wrong usage, 3 refused for safety, 130 interrupted.

  piburn create --image=latest --device=/dev/sd[a,e,f] --hostname=red[001-003] \\
                --ipaddr=10.1.1.[2-4]/24 --sshkey=default`;

function version(): string {
  const text = readFileSync(packageUrl('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
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
