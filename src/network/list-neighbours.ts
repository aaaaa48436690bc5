// `piburn network list`: from the plan to the neighbours, by ping and the kernel's table or by nmap, with names and vendors.

import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { given } from '../given.js';
import type { Neighbour } from '../protocol.js';
import { HostAsker } from './ask-host.js';
import { type NetNames, namesOf } from './host-names.js';
import { firstIpv4, ownInterfaces, type SystemFacts } from './interfaces.js';
import { vendorsOf } from './mac-vendors.js';
import { type Finding, neighboursOf, ownFindings } from './neighbours.js';
import type { ScanPlan } from './plan-scan.js';
import { readNeighbours } from './read-system.js';
import { runNmap } from './run-nmap.js';
import { scan } from './scan.js';

export interface ListOptions {
  /** How long to wait for an answer; a second when it is left out. */
  readonly timeoutMs?: number;
  readonly nmap: boolean;
  /** Whether names and vendors are looked up. */
  readonly describe: boolean;
  /** Name servers for the hosts of some networks; all others are asked of this machine's own. */
  readonly nets?: readonly NetNames[];
  /** Ends the scan early, with what has been found. */
  readonly signal: AbortSignal;
  readonly progress: (progress: ListProgress) => void;
}

export interface ListProgress {
  readonly stage: 'asking' | 'naming';
  /** Undefined where it is not known, as with nmap. */
  readonly asked?: number;
  readonly found: number;
}

export interface NeighbourList {
  readonly way: 'ping' | 'knock' | 'nmap';
  readonly neighbours: readonly Neighbour[];
  readonly asked: number;
  readonly isComplete: boolean;
}

const defaultTimeoutMs = 1000;

/** @throws PiburnError of `runNmap`. */
export async function listNeighbours(plan: ScanPlan, facts: SystemFacts, options: ListOptions): Promise<NeighbourList> {
  const interfaces = ownInterfaces(facts, true);
  const sought = await (options.nmap ? byNmap(plan, options) : byAsking(plan, options));
  const findings = [...ownFindings(plan.addresses, interfaces), ...sought.findings];
  const [names, vendors] = options.describe
    ? await describe(findings, plan, options)
    : [new Map<string, string>(), new Map<string, string>()];
  const own = new Set(interfaces.flatMap((each) => each.addresses.map(({ address }) => address)));
  const neighbours = neighboursOf(findings, names, vendors, { name: hostname(), addresses: own });
  return { way: sought.way, neighbours, asked: sought.asked, isComplete: sought.isComplete };
}

/** Names by address, vendors by Ethernet address. */
function describe(findings: readonly Finding[], { by }: ScanPlan, { nets, progress, signal }: ListOptions) {
  const addresses = [...new Set(findings.map(({ address }) => address))];
  progress({ stage: 'naming', found: addresses.length });
  const from = by === undefined ? undefined : firstIpv4(by)?.address;
  return Promise.all([
    namesOf(addresses, { from, signal, ...given({ nets }) }),
    vendorsOf(findings.flatMap(({ mac }) => mac ?? [])),
  ]);
}

interface Sought {
  readonly way: NeighbourList['way'];
  readonly findings: readonly Finding[];
  readonly asked: number;
  readonly isComplete: boolean;
}

async function byAsking({ addresses }: ScanPlan, options: ListOptions): Promise<Sought> {
  const asker = new HostAsker(options.timeoutMs ?? defaultTimeoutMs);
  const ways = {
    ask: (address: string) => asker.ask(address),
    neighbours: readNeighbours,
    pause: (durationMs: number) => pause(durationMs),
  };
  const { answers, silent, macs, asked, isComplete } = await scan(addresses, ways, options.signal, (count, found) =>
    options.progress({ stage: 'asking', asked: count, found }),
  );
  const up = [...answers].map(([address, { latencyMs }]) => ({ address, status: 'up' as const, latencyMs }));
  const quiet = [...silent].map((address) => ({ address, status: 'silent' as const }));
  const findings = [...up, ...quiet].map((finding) => ({ ...finding, mac: macs.get(finding.address) }));
  return { way: asker.way, findings, asked, isComplete };
}

async function byNmap({ addresses }: ScanPlan, { timeoutMs, signal, progress }: ListOptions): Promise<Sought> {
  progress({ stage: 'asking', found: 0 });
  const { hosts, isWhole } = await runNmap(addresses, timeoutMs, signal);
  const findings = hosts.map((host) => ({ ...host, status: 'up' as const }));
  // What it had not come to is unknown when it was ended early.
  return { way: 'nmap', findings, asked: isWhole ? addresses.length : hosts.length, isComplete: isWhole };
}
