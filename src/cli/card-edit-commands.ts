// The commands that change one setting of a card: set host, set ip, set key, enable ssh, wifi.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Command } from 'commander';
import { type Change, setHost, setIp, setKey, setWifi } from '../burn/one-card/changes.js';
import { changeCard, enableSsh } from '../burn/one-card/edit.js';
import { interruption, usageError } from '../errors.js';
import { given } from '../given.js';
import type { CardChange } from '../protocol.js';
import { renderChange } from '../report/card-text.js';
import { cardTarget, defaultCard, type End, targetHelp } from './card-target.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface EditFlags {
  readonly dryrun?: boolean;
  readonly allowFixed?: boolean;
  readonly json?: boolean;
}

export function addCardEditCommands(program: Command, terminal: Terminal, end: End): void {
  const change = (word: string | undefined, flags: EditFlags, make: Change) =>
    finish(changeCard(cardTarget(word), make, optionsOf(flags)), flags, terminal, end);
  const set = program.command('set').description('change one setting of a card: host, ip or key');
  addEditOptions(
    set.command('host').description('give a card another host name').argument('<name>', 'such as red001'),
  ).action((name: string, word: string | undefined, flags: EditFlags) => change(word, flags, setHost(name)));
  addEditOptions(
    set
      .command('ip')
      .description('give a card a static address')
      .argument('<address>', 'IPv4 or IPv6, with /PREFIX (default /24, /64)'),
  )
    .option('--gateway <address>', 'default gateway, of the same family (default: the one it has)')
    .option('--dns <address>', 'name server; may be repeated (default: those it has)', repeated)
    .option('--interface <name>', 'the network interface (default: the one it has, or eth0)')
    .action((address: string, word: string | undefined, flags: EditFlags & IpFlags) =>
      change(
        word,
        flags,
        setIp(address, given({ gateway: flags.gateway, dns: flags.dns, interface: flags.interface })),
      ),
    );
  addEditOptions(
    set
      .command('key')
      .description('let a public key log in, beside those that the card has')
      .argument('<key>', 'a public key, its file, a name under ~/.ssh, or default'),
  )
    .option('--user <name>', 'user of a card that has none yet (default: pi)')
    .action((key: string, word: string | undefined, flags: EditFlags & { user?: string }) =>
      change(word, flags, setKey(key, homedir(), flags.user)),
    );
  const enable = program.command('enable').description('turn something on: ssh');
  addEditOptions(enable.command('ssh').description('have the Pi start its ssh server')).action(
    (word: string | undefined, flags: EditFlags) =>
      finish(enableSsh(cardTarget(word), optionsOf(flags)), flags, terminal, end),
  );
  addWifi(program, terminal, change);
}

interface IpFlags {
  readonly gateway?: string;
  readonly dns?: readonly string[];
  readonly interface?: string;
}

interface WifiFlags extends EditFlags {
  readonly country?: string;
  readonly open?: boolean;
  readonly hidden?: boolean;
}

function addWifi(
  program: Command,
  terminal: Terminal,
  change: (word: string | undefined, flags: EditFlags, make: Change) => Promise<void>,
): void {
  const command = program
    .command('wifi')
    .description('give a card a Wi-Fi network to join')
    .argument('<ssid>', 'name of the network')
    .argument('[password]', 'its password (asked for, unseen, when it is left out)');
  addEditOptions(command)
    .option('--country <code>', 'whose radio rules apply, such as GB; Wi-Fi stays off without any')
    .option('--open', 'the network has no password')
    .option('--hidden', 'the network does not send its name')
    .action(async (ssid: string, second: string | undefined, third: string | undefined, flags: WifiFlags) => {
      const { passwordWord, targetWord } = sortWords(second, third, flags.open ?? false);
      cardTarget(targetWord);
      const password = flags.open ? undefined : (passwordWord ?? (await askPassword(ssid, terminal)));
      const words = { ssid, hidden: flags.hidden ?? false, ...given({ password, country: flags.country }) };
      await change(targetWord, flags, setWifi(words));
    });
}

/** Of two words the second is the target where it can be nothing else: after --open, or when it names a device or file. */
function sortWords(second: string | undefined, third: string | undefined, isOpen: boolean) {
  if (isOpen && third !== undefined) {
    throw usageError('OPTION_CONFLICT', '--open says that the network has no password, and one was given', {
      hint: 'leave one of them out',
    });
  }
  const isTarget =
    third === undefined && second !== undefined && (isOpen || second.startsWith('/dev/') || existsSync(second));
  if (isTarget) return { targetWord: second };
  if (third === undefined && second !== undefined && defaultCard() === undefined) {
    throw usageError('NO_DEVICE_GIVEN', 'no card was named: the second word is the password of the network', {
      hint: 'write: piburn wifi SSID PASSWORD TARGET, or set DEV',
    });
  }
  return given({ passwordWord: second, targetWord: third });
}

async function askPassword(ssid: string, terminal: Terminal): Promise<string> {
  if (!terminal.canAsk(false)) {
    throw usageError('NO_TERMINAL', `the password of '${ssid}' would be asked for, and there is no terminal`, {
      hint: 'give it after the name of the network, or say --open when it has none',
    });
  }
  const password = await terminal.ask(`Password of the Wi-Fi network '${ssid}': `, { hidden: true });
  if (password === undefined) throw interruption('no password was typed, and nothing was done');
  return password;
}

const repeated = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

function addEditOptions(command: Command): Command {
  return command
    .argument('[target]', targetHelp)
    .option('--dryrun', 'show what would be written, and write nothing')
    .option('--allow-fixed', 'allow disks that are neither removable nor USB nor SD')
    .option('--json', 'print what was changed as JSON')
    .option('--verbose', 'print the stack of an error');
}

const optionsOf = ({ dryrun, allowFixed }: EditFlags) => ({ dryRun: dryrun ?? false, allowFixed: allowFixed ?? false });

async function finish(work: Promise<CardChange>, flags: EditFlags, terminal: Terminal, end: End): Promise<void> {
  const change = await work;
  if (flags.json) printJson({ type: 'card-changed', ...change });
  else terminal.say(renderChange(change));
  end({ code: 0, stuck: false });
}
