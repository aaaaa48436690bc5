// The command line: commands, their options and help. Each command maps its words to one call of the library.

import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { interruption, usageError } from '../errors.js';
import { given } from '../given.js';
import { burn, create } from '../index.js';
import type { Flavour } from '../protocol.js';
import { addBurnOptions, type BurnFlags, burnOptions } from './burn-command.js';
import { demo } from './demo.js';
import type { Ending } from './ending.js';
import { present } from './present.js';
import type { Terminal } from './terminal.js';

interface CreateFlags extends BurnFlags {
  readonly image: string;
  readonly device?: string;
  readonly hostname: string;
  readonly ipaddr?: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
  readonly user?: string;
  readonly passwd?: string | true;
  readonly sshkey?: readonly string[];
  readonly flavour?: Flavour;
}

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
  program
    .command('demo')
    .description('burn three virtual cards in a directory: no card, no root, no network')
    .option('--dir <dir>', 'where the card files go', 'piburn-demo')
    .action(async (flags: { dir: string }) => end(await demo(flags.dir, terminal)));
  return program;
}

const footer = `
Exit codes: 0 every card good, 1 some card failed, 2 wrong usage, 3 refused for safety, 130 interrupted.

  piburn create --image=raspios.img.xz --device=/dev/sd[a,e,f] --hostname=red[001-003] \\
                --ipaddr=10.1.1.[2-4]/24 --sshkey=default`;

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const repeated = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

function addCreate(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  const command = program
    .command('create')
    .description('burn an image onto cards, giving each its own name, address, user and key')
    .requiredOption('--image <image>', 'an .img or .img.xz; - for standard input')
    .option('--device <devices>', 'targets: /dev/sd[a,e,f], or files: cards/red[001-003].img (DEV)')
    .requiredOption('--hostname <names>', 'host names: red[001-003]')
    .option('--ipaddr <addresses>', 'static IPv4 addresses: 10.1.1.[2-4]/24 (prefix 24 when none is given)')
    .addOption(new Option('--ip <addresses>', 'the same as --ipaddr').hideHelp())
    .option('--gateway <address>', 'default gateway of the cards')
    .option('--dns <address>', 'name server of the cards; may be repeated', repeated)
    .option('--user <name>', 'user of the cards (default: pi)')
    .option('--passwd [password]', 'password of the user; asked for when no value is given (PASSWD)')
    .option('--sshkey <key>', 'public key: a path, a name under ~/.ssh, or default; may be repeated', repeated)
    .addOption(
      new Option('--flavour <name>', 'how the image takes its settings (default: seen from the image)').choices([
        'cloudinit',
        'firstrun',
        'none',
      ]),
    );
  addBurnOptions(command).action(async (flags: CreateFlags & { ip?: string }) => {
    if (flags.json) terminal.out = process.stderr;
    const password = await passwordOf(flags.passwd, terminal);
    const start = () =>
      create({
        ...burnOptions(flags.image, flags.device, flags, terminal),
        hostname: flags.hostname,
        ...given({
          ipaddr: onlyOne(flags.ipaddr, flags.ip),
          gateway: flags.gateway,
          dns: flags.dns,
          user: flags.user,
          password,
          sshKeys: flags.sshkey,
          flavour: flags.flavour,
        }),
      });
    end(await present(start, viewOf(flags), terminal));
  });
}

function addBurn(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  const command = program
    .command('burn')
    .description('burn an image, as it is, onto every target')
    .argument('<image>', 'an .img or .img.xz; - for standard input')
    .argument('[devices]', 'targets: /dev/sda,/dev/sdb or /dev/sd[a-f] (DEV)');
  addBurnOptions(command).action(async (image: string, devices: string | undefined, flags: BurnFlags) => {
    if (flags.json) terminal.out = process.stderr;
    end(await present(() => burn(burnOptions(image, devices, flags, terminal)), viewOf(flags), terminal));
  });
}

const viewOf = (flags: BurnFlags) => ({
  json: flags.json ?? false,
  dryRun: flags.dryrun ?? false,
  ...given({ report: flags.report }),
});

/** `--ip` and `--ipaddr` are two names of one option. */
function onlyOne(ipaddr: string | undefined, ip: string | undefined): string | undefined {
  if (ipaddr !== undefined && ip !== undefined)
    throw usageError('OPTION_TWICE', '--ip and --ipaddr are the same option, and both were given', {
      hint: 'leave one of them out',
    });
  return ipaddr ?? ip;
}

/** The password as given, from PASSWD, or typed unseen when `--passwd` stands alone. */
async function passwordOf(passwd: string | true | undefined, terminal: Terminal): Promise<string | undefined> {
  if (passwd !== true) return passwd ?? (process.env['PASSWD'] || undefined);
  if (!terminal.canAsk(false))
    throw usageError('NO_TERMINAL', '--passwd without a value asks for the password, and there is no terminal', {
      hint: 'set PASSWD in the environment',
    });
  const first = await terminal.ask('Password of the cards: ', { hidden: true });
  const second = first === undefined ? undefined : await terminal.ask('Once more: ', { hidden: true });
  if (second === undefined) throw interruption('no password was typed, and nothing was done');
  if (first === second) return first;
  throw usageError('PASSWORD', 'the two passwords differ', { hint: 'type the same password twice' });
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
