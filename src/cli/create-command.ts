// `piburn create`: its options in words → an order of the library, and what is done after the burn.

import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { paths } from '../bridge/plan/paths.js';
import { count } from '../burn/create-settings.js';
import type { CreateOptions } from '../burn/options.js';
import { type Order, orderCreate } from '../burn/order.js';
import { orderResume } from '../burn/resume.js';
import { asPiburnError, interruption, usageError } from '../errors.js';
import { given } from '../given.js';
import { shownSource } from '../image/resolve.js';
import { start } from '../index.js';
import type { BurnSummary, Flavour, Ipv4Address, Node } from '../protocol.js';
import { parseSeconds } from '../typed-amounts.js';
import { afterBurn, checkAfter } from './after-burn.js';
import { addBurnOptions, type BurnFlags, commonOptions, imageHelp, inBackgroundWords, viewOf } from './burn-command.js';
import type { Ending } from './ending.js';
import { callingPerson, recordsPlace } from './person.js';
import { present } from './present.js';
import type { Terminal } from './terminal.js';

export interface CreateFlags extends BurnFlags {
  readonly config?: string;
  readonly inventory?: string;
  readonly image?: string;
  readonly device?: string;
  readonly hostname?: string;
  readonly ipaddr?: string;
  readonly ip?: string;
  readonly ip6addr?: string;
  readonly gateway?: string;
  readonly gateway6?: string;
  readonly dns?: readonly string[];
  readonly search?: readonly string[];
  readonly interface?: string;
  readonly user?: string;
  readonly passwd?: string | true;
  readonly sshkey?: readonly string[];
  readonly ssid?: string;
  readonly wifipassword?: string | true;
  readonly hidden?: boolean;
  readonly country?: string;
  readonly locale?: string;
  readonly timezone?: string;
  readonly keymap?: string;
  readonly clusterHosts?: boolean;
  readonly files?: string;
  readonly firstboot?: string;
  readonly flavour?: Flavour;
  readonly rootfs?: boolean;
  readonly sshConfig?: boolean;
  readonly ansible?: string;
  readonly hosts?: string;
  readonly resume?: boolean;
  readonly reserve?: boolean;
  readonly auto?: boolean;
  readonly wait?: string;
  readonly retries?: string;
}

const repeated = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

export function addCreate(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  const command = program
    .command('create')
    .description('burn an image onto cards, giving each its own name, address, user and key');
  addNodeOptions(addBurnOptions(addSources(command))).action(async (flags: CreateFlags) => {
    if (flags.json) terminal.out = process.stderr;
    const options = await optionsOf(flags, terminal);
    const place = recordsPlace(flags.store, process.env);
    const order = flags.resume ? orderResume(options, place) : orderCreate(options);
    const after = {
      ...order.after,
      ...given({ ansible: flags.ansible, hosts: flags.hosts, 'ssh-config': flags.sshConfig }),
    };
    const live = { command: 'create', image: shownSource(order.options.image), place } as const;
    const view = { ...given({ report: order.after?.report }), ...viewOf(flags), live };
    if (!view.dryRun) checkReport(order, view.report);
    if (flags.resume) keepReport(order, view.report);
    checkAfter(after);
    // Few machines are a bridge: its modules are loaded where they are needed.
    const reserving = flags.reserve ? await import('./reserve-nodes.js') : undefined;
    await reserving?.checkReserve(order.nodes ?? [], terminal);
    const afterwards = async (summary: BurnSummary) => {
      await afterBurn(summary, order, after, flags, terminal);
      await reserving?.reserveBurned(goodNodes(order, summary), terminal);
    };
    const presented = present(() => start(order), { ...view, afterwards }, terminal);
    end(await (flags.background ? presented.catch(inBackgroundWords) : presented));
  });
}

function goodNodes({ cluster }: Order, { cards }: BurnSummary): Node[] {
  const good = new Set(cards.flatMap(({ outcome, hostname }) => (outcome === 'good' ? [hostname] : [])));
  return (cluster ?? []).filter(({ hostname }) => good.has(hostname));
}

const addSources = (command: Command): Command =>
  command
    .option('--image <image>', imageHelp)
    .option(
      '--device <devices>',
      'targets: /dev/sd[a,e,f], usb, "slot 3", a label, or files: cards/red[001-003].img (DEV; default: all card readers)',
    )
    .option('--resume', 'go on with the nodes that the last run has left without a good card')
    .option('--auto', 'notice changed cards instead of asking: each slot takes the next node by itself')
    .option('--wait <seconds>', 'with --auto: a slot that gets no card for so long takes none any more')
    .option('--retries <number>', 'how often a node that failed gets another card (default: 1)')
    .option('--hostname <names>', 'host names: red[001-003]; of a file with nodes: those that are meant')
    .option('--config <file>', 'YAML file with any of these settings, for all nodes and for single ones')
    .option('--inventory <file>', 'CSV or cloudmesh YAML file of nodes');

const addNodeOptions = (command: Command): Command =>
  command
    .option('--ipaddr <addresses>', 'static IPv4 addresses: 10.1.1.[2-4]/24 (prefix 24 when none is given)')
    .addOption(new Option('--ip <addresses>', 'the same as --ipaddr').hideHelp())
    .option('--gateway <address>', 'default gateway of the cards')
    .option('--ip6addr <addresses>', 'static IPv6 addresses: fd00::[2-4]/64 (prefix 64 when none is given)')
    .option('--gateway6 <address>', 'default gateway of the cards for IPv6')
    .option('--dns <address>', 'name server of the cards; may be repeated', repeated)
    .option('--search <domain>', 'search domain of the cards; may be repeated', repeated)
    .option('--interface <name>', 'interface that gets the addresses (default: eth0)')
    .option('--user <name>', 'user of the cards (default: pi)')
    .option('--passwd [password]', 'password of the user: asked for when no value is given (PASSWD), or random')
    .option('--sshkey <key>', 'public key: a path, a name under ~/.ssh, or default; may be repeated', repeated)
    .option('--ssid <name>', 'Wi-Fi network to join')
    .option('--wifipassword [password]', 'its password: asked for when no value is given (WIFIPASSWORD)')
    .option('--hidden', 'the Wi-Fi network does not show its name')
    .option('--country <code>', 'country whose Wi-Fi rules apply, such as GB')
    .option('--locale <name>', "such as en_GB.UTF-8 (default: this machine's own; image: leave it)")
    .option('--timezone <zone>', "such as Europe/London (default: this machine's own; image: leave it)")
    .option('--keymap <layout>', "such as gb or de(nodeadkeys) (default: this machine's own; image: leave it)")
    .option('--cluster-hosts', "all nodes in every card's /etc/hosts (default when there are addresses)")
    .option('--no-cluster-hosts', 'leave the other nodes out of /etc/hosts')
    .option('--files <dir>', 'copy the files of a directory onto the boot partition')
    .option('--firstboot <script>', 'run a script once as root, after everything else')
    .addOption(
      new Option('--flavour <name>', 'how the image takes its settings (default: seen from the image)').choices([
        'cloudinit',
        'ubuntu',
        'firstrun',
        'legacy',
        'none',
      ]),
    )
    .option('--rootfs', 'write the settings into the ext4 root, for images that take none at their first boot')
    .option('--ssh-config', 'afterwards: put the nodes into ~/.ssh/config.d/piburn')
    .option('--ansible <file>', 'afterwards: write an Ansible inventory of the nodes')
    .option('--hosts <file>', 'afterwards: write the nodes into a file like /etc/hosts')
    .option('--reserve', "afterwards: reserve the nodes' addresses at the bridge of this machine");

async function optionsOf(flags: CreateFlags, terminal: Terminal): Promise<CreateOptions> {
  const { image, config, inventory, hostname, ip6addr, gateway, gateway6, dns, search, user, country } = flags;
  const { ssid, hidden, locale, timezone, keymap, files, firstboot, flavour, rootfs, clusterHosts } = flags;
  const password = await secretOf(flags.passwd, 'PASSWD', 'Password of the cards: ', '--passwd', terminal);
  const env = (name: string) => process.env[name] || undefined;
  const wifi = await secretOf(
    flags.wifipassword,
    'WIFIPASSWORD',
    'Password of the Wi-Fi network: ',
    '--wifipassword',
    terminal,
  );
  return {
    ...commonOptions(flags, image === '-', terminal),
    home: callingPerson(process.env).home,
    otherwise: given({
      device: env('DEV'),
      password: env('PASSWD'),
      wifiPassword: env('WIFIPASSWORD'),
      bridge: await bridgeAddress(terminal),
    }),
    ...given({
      image,
      device: flags.device,
      config,
      inventory,
      hostname,
      ipaddr: onlyOne(flags.ipaddr, flags.ip),
      ip6addr,
      gateway,
      gateway6,
      dns,
      search,
      interface: flags.interface,
      user,
      password,
      sshKeys: flags.sshkey,
      ssid,
      wifiPassword: wifi,
      hidden,
      country,
      locale,
      timezone,
      keymap,
      clusterHosts,
      files,
      firstboot,
      flavour,
      rootfs,
      auto: flags.auto,
      retries: count(flags.retries, '--retries', 0),
      waitMs: flags.wait === undefined ? undefined : parseSeconds(flags.wait, '--wait'),
    }),
  };
}

/** Where the cluster's bridge is, when this machine is one. */
async function bridgeAddress(terminal: Terminal): Promise<Ipv4Address | undefined> {
  if (!existsSync(paths.state)) return undefined;
  try {
    const { bridgeHere } = await import('../bridge/use/for-burn.js');
    const here = await bridgeHere();
    return here && { address: here.address, prefixLength: here.prefixLength };
  } catch (error) {
    terminal.say(`the bridge of this machine is left out of account: ${asPiburnError(error).failure.message}`);
    return undefined;
  }
}

/** `--ip` and `--ipaddr` are two names of one option. */
function onlyOne(ipaddr: string | undefined, ip: string | undefined): string | undefined {
  if (ipaddr !== undefined && ip !== undefined)
    throw usageError('OPTION_TWICE', '--ip and --ipaddr are the same option, and both were given', {
      hint: 'leave one of them out',
    });
  return ipaddr ?? ip;
}

/** Made-up passwords are told nowhere but in the report. */
function checkReport({ passwords }: Order, report: string | undefined): void {
  if (passwords === undefined || passwords.size === 0 || report !== undefined) return;
  throw usageError(
    'NO_REPORT',
    '--passwd=random makes passwords that only the report tells, and there is no --report',
    {
      hint: 'say --report=cards.json; nobody but you may read that file',
    },
  );
}

/** The passwords of the cards that are good already stand in the report of the run before, and nowhere else. */
function keepReport({ passwords }: Order, report: string | undefined): void {
  if (report === undefined || (passwords?.size ?? 0) === 0 || !existsSync(report)) return;
  throw usageError('REPORT', `${report} has the passwords of the cards that are good already, and would be replaced`, {
    hint: 'name another file: --report=more-cards.json',
  });
}

/** A secret as given, from the environment, or typed unseen when its option stands alone. */
async function secretOf(
  value: string | true | undefined,
  variable: string,
  question: string,
  option: string,
  terminal: Terminal,
): Promise<string | undefined> {
  if (value !== true) return value;
  if (!terminal.canAsk(false))
    throw usageError('NO_TERMINAL', `${option} without a value asks for the password, and there is no terminal`, {
      hint: `set ${variable} in the environment`,
    });
  const first = await terminal.ask(question, { hidden: true });
  const second = first === undefined ? undefined : await terminal.ask('Once more: ', { hidden: true });
  if (second === undefined) throw interruption('no password was typed, and nothing was done');
  if (first === second) return first;
  throw usageError('PASSWORD', 'the two passwords differ', { hint: 'type the same password twice' });
}
