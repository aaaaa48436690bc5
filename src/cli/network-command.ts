// `piburn network …`: the addresses of this machine, and who else is on its network.

import { type Command, Option } from 'commander';
import { liveBridgeSource } from '../bridge/source.js';
import { readHere } from '../bridge/use/here.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { compressHostlist } from '../hostlist.js';
import { netOfChecked } from '../ipv4-net.js';
import type { NetNames } from '../network/host-names.js';
import { ownInterfaces } from '../network/interfaces.js';
import { type ListProgress, listNeighbours, type NeighbourList } from '../network/list-neighbours.js';
import { planScan, type ScanPlan } from '../network/plan-scan.js';
import { readSystem } from '../network/read-system.js';
import { renderInterfaces, renderNeighbours } from '../report/network-table.js';
import { counted } from '../report/text.js';
import { clip } from '../report/width.js';
import { parseSeconds } from '../typed-amounts.js';
import { tableOptions } from './disk-options.js';
import type { Ending } from './ending.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

type End = (ending: Ending) => void;

/** Adds them; `end` is called with how a command ended. */
export function addNetworkCommands(program: Command, terminal: Terminal, end: End): void {
  const network = program.command('network').description("this machine's addresses, and who is on its network");
  addAddress(network, terminal, end);
  addList(network, terminal, end);
}

function addAddress(network: Command, terminal: Terminal, end: End): void {
  network
    .command('address', { isDefault: true })
    .description('list the addresses of this machine (also: piburn network)')
    .option('--all', 'loopback, containers, tunnels and the like too')
    .option('--json', 'print JSON on standard output')
    .option('--verbose', 'print the stack of an error')
    .action(async ({ all = false, json }: { all?: boolean; json?: boolean }) => {
      const interfaces = ownInterfaces(await readSystem(), all);
      if (json) printJson({ type: 'network-addresses', interfaces });
      else {
        const text = renderInterfaces(interfaces, tableOptions(terminal));
        terminal.say(text === '' ? 'This machine has no network. (--all shows what it keeps to itself)' : text);
      }
      end({ code: 0, stuck: false });
    });
}

interface ListFlags {
  readonly ip?: string;
  readonly interface?: string;
  readonly used?: boolean;
  readonly compact?: boolean;
  readonly nmap?: boolean;
  readonly timeout?: string;
  readonly max?: string;
  readonly json?: boolean;
}

function addList(network: Command, terminal: Terminal, end: End): void {
  network
    .command('list')
    .description('list who is on the network: names, addresses, and which of them are Raspberry Pis')
    .addOption(
      new Option('--ip <net>', 'ask 10.1.1.0/24, 10.1.1.[1-50], or the network of 10.1.1.7').conflicts('interface'),
    )
    .option('--interface <name>', 'ask the network of this interface (default: that of the default route)')
    .addOption(new Option('--used', 'print the addresses in use only, with commas between them').conflicts('json'))
    .option('--compact', 'with --used: as a hostlist, such as 10.1.1.[1-4,9]')
    .option('--nmap', 'let nmap ask; as root it finds more, and sooner')
    .option('--timeout <seconds>', 'how long to wait for an answer (default: 1)')
    .option('--max <addresses>', `refuse to ask more addresses than this (default: ${defaultMax})`)
    .option('--json', 'print JSON on standard output, text on standard error')
    .option('--verbose', 'print the stack of an error')
    .action(async (flags: ListFlags) => end(await list(flags, terminal)));
}

const defaultMax = 4096;
const largestMax = 65_536;

async function list(flags: ListFlags, terminal: Terminal): Promise<Ending> {
  if (flags.compact && !flags.used) {
    throw usageError('OPTION_WITHOUT_EFFECT', '--compact has no effect without --used', { hint: 'add --used' });
  }
  const max = flags.max === undefined ? defaultMax : parseMax(flags.max);
  const timeoutMs = flags.timeout === undefined ? undefined : parseTimeout(flags.timeout);
  if (flags.json || flags.used) terminal.out = process.stderr;
  const facts = await readSystem();
  const plan = planScan({ max, ...given({ ip: flags.ip, interfaceName: flags.interface }) }, facts);
  const nets = flags.used ? [] : await bridgeNames();
  const found = await followed(plan, terminal, (signal, progress) => {
    const wishes = { nmap: flags.nmap ?? false, describe: !flags.used, nets, ...given({ timeoutMs }) };
    return listNeighbours(plan, facts, { ...wishes, signal, progress });
  });
  tell(found, plan, flags, terminal);
  // After Ctrl-C pings are still on their way: nobody waits for them.
  return { code: found.isComplete ? 0 : 130, stuck: !found.isComplete };
}

/** The hosts of a bridge have their names from its dnsmasq, whatever this machine itself asks. */
async function bridgeNames(): Promise<NetNames[]> {
  // A damaged bridge is told of by its own commands.
  const here = await readHere(liveBridgeSource).catch(() => undefined);
  if (here === undefined) return [];
  const { ip, prefixLength, domain } = here;
  return [{ net: netOfChecked(ip, prefixLength), server: ip, domain }];
}

function parseMax(text: string): number {
  const max = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (max > 0 && max <= largestMax) return max;
  throw usageError('NUMBER', `--max: '${text.slice(0, 50)}' is no number of addresses from 1 to ${largestMax}`, {
    hint: `write it as --max=${defaultMax}`,
  });
}

function parseTimeout(text: string): number {
  const timeoutMs = parseSeconds(text, '--timeout');
  if (timeoutMs >= 10 && timeoutMs <= 60_000) return timeoutMs;
  throw usageError('SECONDS', `--timeout: ${text} s is not between 0.01 s and 60 s`, {
    hint: 'write it as --timeout=2',
  });
}

/** With a line that says how far it is; Ctrl-C ends the scan with what it has found. */
async function followed(
  plan: ScanPlan,
  terminal: Terminal,
  work: (signal: AbortSignal, progress: (progress: ListProgress) => void) => Promise<NeighbourList>,
): Promise<NeighbourList> {
  const abort = new AbortController();
  const forget = terminal.onInterrupt(() => abort.abort());
  let line: string | undefined = progressText(plan, { stage: 'asking', found: 0 });
  const { isLive } = terminal;
  if (isLive) terminal.startLive(() => (line === undefined ? [] : [clip(line, terminal.columns - 1)]));
  try {
    return await work(abort.signal, (progress) => {
      line = progressText(plan, progress);
    });
  } finally {
    line = undefined;
    if (isLive) terminal.stopLive();
    forget();
  }
}

function progressText({ addresses, what }: ScanPlan, { stage, asked, found }: ListProgress): string {
  if (stage === 'naming') return `asking ${counted(found, 'host')} for their names`;
  const count = asked === undefined ? `${addresses.length}` : `${asked} of ${addresses.length}`;
  return `asking ${count} addresses of ${what}${found === 0 ? '' : `, ${found} found`}`;
}

function tell(found: NeighbourList, plan: ScanPlan, flags: ListFlags, terminal: Terminal): void {
  const { neighbours, asked, isComplete, way } = found;
  const { addresses, what, by } = plan;
  if (flags.json) {
    const facts = { net: what, ...given({ interface: by?.name }), way, addresses: addresses.length, asked, isComplete };
    printJson({ type: 'network-neighbours', ...facts, neighbours });
  } else if (flags.used) {
    const used = neighbours.map(({ address }) => address);
    process.stdout.write(`${flags.compact ? compressHostlist(used) : used.join(',')}\n`);
  } else {
    if (neighbours.length > 0) {
      terminal.say(`${renderNeighbours(neighbours, tableOptions(terminal))}\n`);
    }
    terminal.say(summaryText(found, plan));
  }
  if (!isComplete && way === 'nmap') terminal.say('stopped: nmap had not finished');
  else if (!isComplete) terminal.say(`stopped: ${asked} of ${addresses.length} addresses were asked`);
  if (way === 'knock')
    terminal.say('note: ping is missing or not permitted, so hosts were found by TCP (apt install iputils-ping)');
}

function summaryText({ neighbours }: NeighbourList, { addresses, what, by }: ScanPlan): string {
  const pis = neighbours.filter(({ isRaspberryPi }) => isRaspberryPi).length;
  const where = by === undefined ? what : `${what} (${by.name})`;
  return `${neighbours.length} of ${addresses.length} addresses of ${where} in use, ${counted(pis, 'Raspberry Pi')}`;
}
