// `piburn bridge list`, `info`, `status` and `check`: they change nothing, and need no root for most of it.

import type { Command } from 'commander';
import { checkHostname } from '../address.js';
import { liveAccess } from '../bridge/bridge.js';
import { checkBridge } from '../bridge/use/check.js';
import { bridgeHosts, bridgeInfo } from '../bridge/use/info.js';
import { noteLeases } from '../bridge/use/keep-history.js';
import { isAllUp } from '../bridge/use/part.js';
import { bridgeStatus } from '../bridge/use/status.js';
import { refusal, usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import type { BridgePart } from '../protocol.js';
import { partsSummary, renderParts } from '../report/bridge-parts.js';
import { renderHosts, renderInfo } from '../report/bridge-use-text.js';
import type { End } from './card-target.js';
import { tableOptions } from './disk-options.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface LookFlags {
  readonly json?: boolean;
}

interface CheckFlags extends LookFlags {
  readonly configuration?: boolean;
  readonly connection?: boolean;
  readonly name?: string;
}

export function addBridgeLook(bridge: Command, terminal: Terminal, end: End): void {
  const finish = (code: number) => end({ code, stuck: false });
  addCommon(bridge.command('list').description('the hosts of the bridge: reservations, leases, and who is up'))
    .argument('[names]', 'only these, such as red,red[001-003]; the manager may be among them')
    .action(async (names: string | undefined, flags: LookFlags) => finish(await runList(names, flags, terminal)));
  addCommon(bridge.command('info').description('what the bridge is, who had which address, traffic')).action(
    async (flags: LookFlags) => {
      await runInfo(flags, terminal);
      finish(0);
    },
  );
  addCommon(
    bridge.command('status').description('what of the bridge runs, and why the rest does not; exit code 1'),
  ).action(async (flags: LookFlags) => finish(await runStatus(flags, terminal)));
  addCommon(
    bridge.command('check').description('whether the bridge does its work and its files are as they were written'),
  )
    .argument('[names]', 'hosts whose name and answer are checked as well; the manager may be the first')
    .option('--configuration', 'the files only')
    .option('--connection', 'the network only: address, routes, names, forwarding, NAT')
    .option('--name <name>', 'a name in the internet to ask its name server for (default: deb.debian.org)')
    .action(async (names: string | undefined, flags: CheckFlags) => finish(await runCheck(names, flags, terminal)));
}

const live = () => liveAccess(process.env['SSH_CONNECTION']);

const addCommon = (command: Command): Command =>
  command.option('--json', 'print the result as JSON').option('--verbose', 'print the stack of an error');

export function hostNames(text: string, what: string): string[] {
  const names = expandHostlist(text, what);
  for (const name of names) checkHostname(name, what);
  return names;
}

async function runList(text: string | undefined, { json }: LookFlags, terminal: Terminal): Promise<number> {
  const names = text === undefined ? undefined : hostNames(text, 'NAMES');
  const { hosts, unknown } = await bridgeHosts(names, live());
  if (json) printJson({ type: 'bridge-hosts', hosts, unknown });
  else {
    if (hosts.length > 0) terminal.say(renderHosts(hosts, tableOptions(terminal)));
    for (const name of unknown) terminal.say(`${name}: neither a reservation nor a lease`);
  }
  return unknown.length === 0 ? 0 : 1;
}

async function runInfo({ json }: LookFlags, terminal: Terminal): Promise<void> {
  const info = await bridgeInfo(live());
  if (json) {
    const { state: _, ...settings } = info.here;
    printJson({ type: 'bridge-info', settings, hosts: info.hosts, history: info.history, traffic: info.traffic });
  } else terminal.say(`${renderInfo(info)}\n${renderHosts(info.hosts, tableOptions(terminal))}`);
}

async function runStatus(flags: LookFlags, terminal: Terminal): Promise<number> {
  const access = live();
  await noteLeases(access);
  return tellParts('bridge-status', await bridgeStatus(access), flags, terminal);
}

async function runCheck(text: string | undefined, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const names = text === undefined ? [] : hostNames(text, 'NAMES');
  const access = live();
  if (flags.configuration && !access.isRoot) {
    throw refusal('NOT_ROOT', 'only root may read how the files were written', { hint: 'use sudo' });
  }
  const isBoth = flags.configuration === flags.connection;
  const configuration = isBoth || flags.configuration === true;
  const connection = isBoth || flags.connection === true;
  const outside = given({ name: flags.name === undefined ? undefined : parseName(flags.name, connection) });
  const parts = await checkBridge({ names, configuration, connection, ...outside }, access);
  return tellParts('bridge-check', parts, flags, terminal);
}

function parseName(name: string, isAsked: boolean): string {
  if (!isAsked) {
    throw usageError('OPTION_WITHOUT_EFFECT', '--name has no effect beside --configuration alone', {
      hint: 'leave one of them out',
    });
  }
  const labels = name.replace(/\.$/, '').split('.');
  if (name.length > 253) throw usageError('HOSTNAME', '--name: a name has at most 253 letters', { hint: 'shorten it' });
  for (const label of labels) checkHostname(label, '--name');
  return name;
}

/** Returns the exit code. */
function tellParts(type: string, parts: readonly BridgePart[], { json }: LookFlags, terminal: Terminal): number {
  const isGood = isAllUp(parts);
  if (json) printJson({ type, good: isGood, parts });
  else terminal.say(`${renderParts(parts, terminal)}\n${partsSummary(parts)}`);
  return isGood ? 0 : 1;
}
