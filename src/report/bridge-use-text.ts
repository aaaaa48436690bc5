// The bridge in use in words: its hosts, its history as cloudmesh's `bridge info` shows it, reservations, trials.

import { type Column, fitColumns, lineOf, type Step } from './columns.js';
import { glyphsFor } from './glyphs.js';
import { paint } from './paint.js';
import { bytes, counted, stripControls, unknownText } from './text.js';

export interface ShownHost {
  readonly role: 'manager' | 'worker';
  readonly name?: string;
  readonly address: string;
  readonly mac?: string;
  readonly reserved?: string;
  readonly lease?: { readonly address: string; readonly untilMs?: number };
  readonly isUp?: boolean;
}

export interface ShownLease {
  readonly sinceMs: number;
  readonly mac: string;
  readonly address: string;
  readonly name?: string;
  readonly clientId?: string;
}

export interface ShownInfo {
  readonly here: {
    readonly rangeFirst: string;
    readonly rangeLast: string;
    readonly ip: string;
    readonly private: string;
    readonly uplink?: string;
  };
  readonly history: readonly ShownLease[];
  readonly traffic: { readonly private?: ShownTraffic; readonly uplink?: ShownTraffic };
}

interface ShownTraffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface TableOptions {
  /** Columns of the terminal; Infinity where nothing limits them. */
  readonly columns: number;
  readonly color: boolean;
}

const hostColumns: readonly Column<ShownHost>[] = [
  { title: 'Name', cell: ({ name }) => plain(name) },
  { title: 'Address', cell: ({ address }) => address },
  { title: 'MAC', cell: ({ mac }) => plain(mac) },
  { title: 'Reserved', cell: ({ reserved }) => reserved ?? unknownText },
  { title: 'Lease until', cell: leaseText },
  { title: 'Up', cell: upText },
];

const hostNarrowing: readonly Step[] = [{ drop: 'MAC' }, { drop: 'Lease until' }, { shorten: 'Name', to: 12 }];

/** A line for each host, without a line break at the end. */
export function renderHosts(hosts: readonly ShownHost[], { columns, color }: TableOptions): string {
  const sized = fitColumns(hostColumns, hosts, hostNarrowing, columns);
  const head = paint(
    lineOf(sized, ({ title }) => title, columns),
    'bold',
    color,
  );
  return [head, ...hosts.map((host) => lineOf(sized, ({ cell }) => cell(host), columns))].join('\n');
}

function leaseText({ role, lease, address }: ShownHost): string {
  if (role === 'manager') return unknownText;
  if (lease === undefined) return 'none';
  const until = lease.untilMs === undefined ? 'for ever' : localTime(lease.untilMs);
  return lease.address === address ? until : `${until} (${lease.address})`;
}

function upText({ role, isUp }: ShownHost): string {
  if (role === 'manager') return 'manager';
  if (isUp === undefined) return unknownText;
  return isUp ? 'up' : 'down';
}

const plain = (text: string | undefined): string => (text === undefined ? unknownText : stripControls(text));

/** The machine's own time, as the seed has it: `2021-01-21 06:04:08`. */
export function localTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

const ruler = `# ${'-'.repeat(70)}`;

/** What the bridge is, and who had which address since when: the form is that of cloudmesh's `bridge info`. */
export function renderInfo({ here, history, traffic }: ShownInfo): string {
  const { rangeFirst, rangeLast, ip } = here;
  return [
    ruler,
    '#',
    `# IP range: ${rangeFirst} - ${rangeLast}`,
    `# Manager IP: ${ip}`,
    ...trafficLines(here, traffic),
    '#',
    '# # LEASE HISTORY #',
    ...(history.length === 0 ? ['# none yet'] : history.map((lease) => `# ${historyLine(lease)}`)),
    ruler,
  ].join('\n');
}

/** `date time MAC address name client-id` */
export const historyLine = ({ sinceMs, mac, address, name, clientId }: ShownLease): string =>
  [localTime(sinceMs), mac, address, name ?? '*', clientId ?? '*'].map(stripControls).join(' ');

function trafficLines(here: ShownInfo['here'], { private: own, uplink }: ShownInfo['traffic']): string[] {
  const words = ({ receivedBytes, sentBytes }: ShownTraffic) => `${bytes(receivedBytes)} in, ${bytes(sentBytes)} out`;
  return [
    ...(own === undefined ? [] : [`# Traffic: ${here.private} ${words(own)}`]),
    ...(uplink === undefined ? [] : [`# Traffic: ${here.uplink} ${words(uplink)}`]),
  ];
}

export interface ShownReservation {
  readonly name: string;
  readonly address: string;
  readonly mac?: string;
}

export interface ShownSet {
  readonly changed: readonly ShownReservation[];
  readonly removed: readonly ShownReservation[];
  readonly moving: readonly {
    readonly name: string;
    readonly address: string;
    readonly lease: { readonly address: string; readonly untilMs?: number };
  }[];
  readonly isInEffect: boolean;
}

/** What `bridge set` did, or with `isTrial` would do. */
export function renderSet(result: ShownSet, isTrial: boolean): string {
  const { changed, removed, moving, isInEffect } = result;
  if (changed.length + removed.length === 0) return 'It is like this already; nothing was changed.';
  const lines = [
    ...changed.map(({ name, address, mac }) => `${name} gets ${address}${mac === undefined ? '' : ` (${mac})`}`),
    ...removed.map(({ name, address }) => `${name} has ${address} no longer reserved`),
    ...moving.map(movingLine),
  ];
  const count = counted(changed.length + removed.length, 'reservation');
  if (isTrial) return [...lines, `${count} would change; nothing was changed.`].join('\n');
  const effect = isInEffect
    ? 'in effect'
    : 'dnsmasq does not run: it takes effect when that starts (`piburn bridge restart`)';
  return [...lines, `${count} changed: ${effect}.`].join('\n');
}

const movingLine = ({ name, address, lease }: ShownSet['moving'][number]): string =>
  `Note: ${name} has ${lease.address}${lease.untilMs === undefined ? '' : ` until ${localTime(lease.untilMs)}`}; it gets ${address} at its next renewal, or when it starts again`;

export interface ShownOutcome {
  readonly state: 'good' | 'failed' | 'untried';
  readonly detail?: string;
  readonly latencyMs?: number;
}

export interface ShownTrial {
  readonly host: string;
  readonly isGood: boolean;
  readonly address?: string;
  readonly ping: ShownOutcome;
  readonly name: ShownOutcome;
  readonly internet: ShownOutcome;
}

/** `✓ red001  10.1.1.2  ping 0.4 ms, name, internet` */
export function renderTrials(trials: readonly ShownTrial[], color: boolean): string {
  const glyphs = glyphsFor(false);
  const wide = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length));
  const hostWidth = wide(trials.map(({ host }) => host));
  const addressWidth = wide(trials.map(({ address = unknownText }) => address));
  return trials
    .map(({ host, isGood, address = unknownText, ping, name, internet }) => {
      const mark = isGood ? paint(glyphs.good, 'green', color) : paint(glyphs.failed, 'red', color);
      const words = [outcomeText('ping', ping), outcomeText('name', name), outcomeText('internet', internet)].join(
        ', ',
      );
      return `${mark} ${host.padEnd(hostWidth)}  ${address.padEnd(addressWidth)}  ${words}`;
    })
    .join('\n');
}

function outcomeText(what: string, { state, detail, latencyMs }: ShownOutcome): string {
  if (state === 'good') return latencyMs === undefined ? what : `${what} ${Number(latencyMs.toPrecision(2))} ms`;
  const words = stripControls(detail ?? (state === 'failed' ? 'no' : 'unknown'));
  return state === 'failed' ? `${what} failed: ${words}` : `${what} not tried: ${words}`;
}
