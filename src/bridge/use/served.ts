// After a SIGHUP: whether dnsmasq serves the reservations as they are written now. It reads the files of names and of addresses
// together, so its answers to names speak for both.

import { setTimeout as wait } from 'node:timers/promises';
import type { Reservation } from '../../protocol.js';
import { paths } from '../plan/paths.js';
import type { BridgeSource } from '../source.js';
import { askName, type NameAnswer } from './ask-names.js';
import type { DnsmasqNow } from './dnsmasq.js';
import type { BridgeHere } from './here.js';

/** Names that shall have these addresses, and names that shall have them no longer. */
export interface Served {
  readonly changed: readonly Reservation[];
  readonly removed: readonly Reservation[];
}

const allMs = 2000;
const lookMs = 50;
const lookupMs = 500;
/** More are not asked: dnsmasq reads a file as a whole. */
const maxAsked = 16;

/** Undefined: it does. Asks for two seconds at most, and two lookups. */
export async function whyNotServed(
  { changed, removed }: Served,
  { ip, domain }: Pick<BridgeHere, 'ip' | 'domain'>,
  now: DnsmasqNow,
  source: Pick<BridgeSource, 'file' | 'output'>,
): Promise<string | undefined> {
  const wishes = [
    ...changed.slice(0, maxAsked).map((each) => ({ ...each, isWanted: true })),
    ...removed.slice(0, maxAsked).map((each) => ({ ...each, isWanted: false })),
  ];
  const started = performance.now();
  for (;;) {
    const answers = await Promise.all(
      wishes.map(({ name }) => askName(`${name}.${domain}`, ip, { timeoutMs: lookupMs, tries: 1 })),
    );
    const problem = wishes.flatMap((wish, index) => problemOf(wish, answers[index]))[0];
    if (problem === undefined) return undefined;
    if (performance.now() - started > allMs) return [problem, await complaint(now, source)].filter(Boolean).join('; ');
    await wait(lookMs);
  }
}

function problemOf({ address, isWanted }: Reservation & { isWanted: boolean }, answer?: NameAnswer): string[] {
  if (answer === undefined || answer.addresses.includes(address) === isWanted) return [];
  const { name, addresses, problem = `it says ${addresses.join(', ')}` } = answer;
  if (!isWanted) return [`dnsmasq still answers ${address} for ${name}`];
  return [`dnsmasq does not answer ${address} for ${name}: ${problem}`];
}

const maxLines = 20;
const maxWords = 300;

/** The last that it complained of. */
async function complaint({ unit }: DnsmasqNow, source: Pick<BridgeSource, 'file' | 'output'>): Promise<string> {
  const lines = ['--lines', String(maxLines), '--output', 'cat', '--no-pager'];
  const text =
    unit === undefined ? source.file(paths.log)?.text : await source.output('journalctl', ['--unit', unit, ...lines]);
  const last = (text ?? '').trimEnd().split('\n').slice(-maxLines);
  const words = last.findLast((line) => /fail|cannot|error|denied/i.test(line));
  return words === undefined ? '' : `it said "${words.trim().slice(0, maxWords)}"`;
}
