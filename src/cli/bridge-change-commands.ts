// `piburn bridge set` and `restart`.

import type { Command } from 'commander';
import { liveAccess, sessionWarning } from '../bridge/bridge.js';
import { restartBridge } from '../bridge/use/restart.js';
import { restartApart, restartLog } from '../bridge/use/restart-apart.js';
import { removeReservations, setReservations } from '../bridge/use/set.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import type { Reservation } from '../protocol.js';
import { partsSummary, renderParts } from '../report/bridge-parts.js';
import { renderSet } from '../report/bridge-use-text.js';
import type { End } from './card-target.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface SetFlags {
  readonly mac?: string;
  readonly remove?: boolean;
  readonly dryrun?: boolean;
  readonly json?: boolean;
}

interface RestartFlags {
  readonly nohup?: boolean;
  readonly background?: boolean;
  readonly json?: boolean;
}

export function addBridgeChange(bridge: Command, terminal: Terminal, end: End): void {
  bridge
    .command('set')
    .description('give hosts the same addresses every time, all of them or none')
    .argument('<hosts>', 'host names, such as red001 or red[001-003]')
    .argument('[addresses]', 'as many addresses of the network of the bridge, such as 10.1.1.[2-4]')
    .option('--mac <addresses>', 'tie them to MAC addresses as well, as many: dc:a6:32:e8:01:[a3,a7]')
    .option('--remove', 'take the reservations of these hosts away')
    .option('--dryrun', 'say what would change, and change nothing')
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (hosts: string, addresses: string | undefined, flags: SetFlags) => {
      end({ code: await runSet(hosts, addresses, flags, terminal), stuck: false });
    });
  bridge
    .command('restart')
    .description('start the parts of the bridge again, and wait until they are up; no lease is lost')
    .option('--nohup', 'dnsmasq only: SSH sessions over the bridge go on')
    .option('--background', `leave it to a process that outlives this SSH session; log: ${restartLog}`)
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack of an error')
    .action(async (flags: RestartFlags) => end({ code: await runRestart(flags, terminal), stuck: false }));
}

/** The exit code is 1 when dnsmasq runs and does not serve what was written. */
async function runSet(
  hosts: string,
  addresses: string | undefined,
  flags: SetFlags,
  terminal: Terminal,
): Promise<number> {
  const { dryrun = false, json = false } = flags;
  if (json) terminal.out = process.stderr;
  const names = expandHostlist(hosts, 'HOSTS');
  const access = liveAccess(process.env['SSH_CONNECTION']);
  if (flags.remove) refuseBeside(addresses, flags.mac);
  const result = flags.remove
    ? await removeReservations(names, access, dryrun)
    : await setReservations(wishesOf(names, addresses, flags.mac), access, dryrun);
  if (json) printJson({ type: 'bridge-set', dryrun, ...result });
  else terminal.say(renderSet(result, dryrun));
  return result.problem === undefined ? 0 : 1;
}

function refuseBeside(addresses: string | undefined, mac: string | undefined): void {
  const what = addresses !== undefined ? `the addresses ${addresses}` : mac === undefined ? undefined : '--mac';
  if (what === undefined) return;
  throw usageError('OPTION_WITHOUT_EFFECT', `${what} beside --remove would have no effect`, {
    hint: 'name only the hosts: `piburn bridge set red001 --remove`',
  });
}

function wishesOf(names: readonly string[], addresses: string | undefined, mac: string | undefined): Reservation[] {
  if (addresses === undefined) {
    throw usageError('NO_ADDRESSES', 'no addresses were given for the hosts', {
      hint: 'write `piburn bridge set red[001-003] 10.1.1.[2-4]`, or --remove to take reservations away',
    });
  }
  const each = sameCount(expandHostlist(addresses, 'ADDRESSES'), names, 'addresses');
  const macs = mac === undefined ? [] : sameCount(expandHostlist(mac, '--mac'), names, 'MAC addresses');
  return names.map((name, index) => ({ name, address: each[index] ?? '', ...given({ mac: macs[index] }) }));
}

function sameCount(items: string[], names: readonly string[], what: string): string[] {
  if (items.length === names.length) return items;
  throw usageError('COUNT', `${names.length} hosts and ${items.length} ${what}: each host needs one`, {
    hint: `the hosts are ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`,
  });
}

async function runRestart(flags: RestartFlags, terminal: Terminal): Promise<number> {
  if (flags.json) terminal.out = process.stderr;
  const onlyDnsmasq = flags.nohup ?? false;
  const access = liveAccess(process.env['SSH_CONNECTION']);
  if (flags.background) {
    const words = ['bridge', 'restart', ...(onlyDnsmasq ? ['--nohup'] : [])];
    const pid = await restartApart([process.execPath, process.argv[1] ?? '', ...words], access);
    if (flags.json) printJson({ type: 'bridge-restarting', pid, log: restartLog });
    else terminal.say(`Process ${pid} restarts it; what it says is in ${restartLog}.`);
    return 0;
  }
  const warning = onlyDnsmasq ? undefined : await sessionWarning(access);
  if (warning !== undefined) terminal.say(`Warning: ${warning}.`);
  const result = await restartBridge({ onlyDnsmasq }, access, ({ sentence }) => terminal.say(sentence));
  if (flags.json) printJson({ type: 'bridge-restarted', ...result });
  else
    terminal.say(
      result.isUp ? 'The bridge is up.' : `${renderParts(result.parts, terminal)}\n${partsSummary(result.parts)}`,
    );
  return result.isUp ? 0 : 1;
}
