// `piburn bridge test`: tries hosts once, or again and again until Ctrl-C.

import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { parseHostAddress } from '../address.js';
import { liveAccess } from '../bridge/bridge.js';
import { needBridge } from '../bridge/use/here.js';
import { tryHosts } from '../bridge/use/try-host.js';
import { usageError } from '../errors.js';
import type { HostTrial } from '../protocol.js';
import { renderTrials } from '../report/bridge-use-text.js';
import { parseSeconds } from '../typed-amounts.js';
import { hostNames } from './bridge-look-commands.js';
import type { End } from './card-target.js';
import type { Ending } from './ending.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface TestFlags {
  readonly rate?: string;
  readonly count?: string;
  readonly to: string;
  readonly json?: boolean;
}

export function addBridgeTest(bridge: Command, terminal: Terminal, end: End): void {
  bridge
    .command('test')
    .description('try hosts: ping, name, and by ssh, when a key lets in, whether they reach the internet')
    .argument('<hosts>', 'host names, such as red[001-003]')
    .option('--rate <seconds>', 'try again after so many seconds, until Ctrl-C')
    .option('--count <n>', 'try so many times (with --rate; without it, every second)')
    .option('--to <address>', 'an address in the internet for them to ping', '1.1.1.1')
    .option('--json', 'print the results as JSON, a line for each time')
    .option('--verbose', 'print the stack of an error')
    .action(async (hosts: string, flags: TestFlags) => end(await runTest(hosts, flags, terminal)));
}

/** The exit code is 0 when every host was good the last time. */
async function runTest(text: string, flags: TestFlags, terminal: Terminal): Promise<Ending> {
  if (flags.json) terminal.out = process.stderr;
  const hosts = hostNames(text, 'HOSTS');
  const target = parseHostAddress(flags.to, '--to');
  const rounds =
    flags.count === undefined ? (flags.rate === undefined ? 1 : Number.POSITIVE_INFINITY) : parseCount(flags.count);
  const rateMs = flags.rate === undefined ? 1000 : parseRate(flags.rate);
  const { source } = liveAccess(undefined);
  const here = await needBridge(source);
  const stop = new AbortController();
  const forget = terminal.onInterrupt(() => stop.abort());
  let good = 0;
  for (let round = 1; round <= rounds && !stop.signal.aborted; round += 1) {
    if (round > 1 && (await isStopped(rateMs, stop.signal))) break;
    const trials = await Promise.race([tryHosts(hosts, here, target), aborted(stop.signal)]);
    if (trials !== undefined) good = tell(trials, flags, terminal);
  }
  forget();
  // After Ctrl-C pings and ssh are still on their way: nobody waits for them.
  return { code: good === hosts.length ? 0 : 1, stuck: stop.signal.aborted };
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));

/** Returns how many were good. */
function tell(trials: readonly HostTrial[], { json }: TestFlags, terminal: Terminal): number {
  const good = trials.filter(({ isGood }) => isGood).length;
  if (json) printJson({ type: 'bridge-test', good, of: trials.length, trials });
  else terminal.say(`${renderTrials(trials, terminal.color)}\n${good} of ${trials.length}`);
  return good;
}

const isStopped = (pauseMs: number, signal: AbortSignal): Promise<boolean> =>
  wait(pauseMs, false, { signal }).catch(() => true);

function parseRate(text: string): number {
  const rateMs = parseSeconds(text, '--rate');
  if (rateMs >= 100 && rateMs <= 86_400_000) return rateMs;
  throw usageError('SECONDS', `--rate: ${text} s is not between 0.1 s and a day`, { hint: 'write it as --rate=5' });
}

function parseCount(text: string): number {
  const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usageError('NUMBER', `--count: '${text}' is no number from 1 on`, { hint: 'write it as --count=10' });
}
