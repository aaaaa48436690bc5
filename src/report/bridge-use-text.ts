// The bridge in use in words: its hosts, its history as cloudmesh's `bridge info` shows it, reservations, trials.

import type {
  BridgeSettings,
  BridgeTraffic,
  HostTrial,
  InterfaceTraffic,
  MovingHost,
  PastLease,
  ReservationChange,
  SeenHost,
  TrialOutcome,
} from '../protocol.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions, withText } from './columns.js';
import { glyphsFor } from './glyphs.js';
import { paint } from './paint.js';
import { bytes, counted, stripControls, unknownText } from './text.js';

/** A bridge in use, as far as it is shown. */
export interface ShownInfo {
  readonly here: Pick<BridgeSettings, 'rangeFirst' | 'rangeLast' | 'ip' | 'private' | 'uplink'>;
  readonly history: readonly PastLease[];
  readonly traffic: BridgeTraffic;
}

const hostColumns: readonly Column<SeenHost>[] = [
  { title: 'Name', cell: ({ name }) => plain(name) },
  { title: 'Address', cell: ({ address }) => address },
  { title: 'MAC', cell: ({ mac }) => plain(mac) },
  { title: 'Reserved', cell: ({ reserved }) => reserved ?? unknownText },
  { title: 'Lease until', cell: leaseText },
  { title: 'Up', cell: upText },
];

const hostNarrowing: readonly Step[] = [{ drop: 'MAC' }, { drop: 'Lease until' }, { shorten: 'Name', to: 12 }];

/** A line for each host, without a line break at the end. */
export function renderHosts(hosts: readonly SeenHost[], options: TableOptions): string {
  const { columns: limit } = options;
  const sized = fitColumns(withText(hostColumns, hosts), hosts, hostNarrowing, limit);
  const lines = hosts.map((host) => lineOf(sized, ({ cell }) => cell(host), limit));
  return [...headLines(sized, options), ...lines].join('\n');
}

function leaseText({ role, lease, address }: SeenHost): string {
  if (role === 'manager') return unknownText;
  if (lease === undefined) return 'none';
  const until = lease.untilMs === undefined ? 'for ever' : localTime(lease.untilMs);
  return lease.address === address ? until : `${until} (${lease.address})`;
}

function upText({ role, isUp }: SeenHost): string {
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
export const historyLine = ({ sinceMs, mac, address, name, clientId }: PastLease): string =>
  [localTime(sinceMs), mac, address, name ?? '*', clientId ?? '*'].map(stripControls).join(' ');

function trafficLines(here: ShownInfo['here'], { private: own, uplink }: BridgeTraffic): string[] {
  const words = ({ receivedBytes, sentBytes }: InterfaceTraffic) =>
    `${bytes(receivedBytes)} in, ${bytes(sentBytes)} out`;
  return [
    ...(own === undefined ? [] : [`# Traffic: ${here.private} ${words(own)}`]),
    ...(uplink === undefined ? [] : [`# Traffic: ${here.uplink} ${words(uplink)}`]),
  ];
}

/** What `bridge set` did, or with `isTrial` would do. */
export function renderSet(result: ReservationChange, isTrial: boolean): string {
  const { changed, removed, moving } = result;
  if (changed.length + removed.length === 0) return 'It is like this already; nothing was changed.';
  const lines = [
    ...changed.map(({ name, address, mac }) => `${name} gets ${address}${mac === undefined ? '' : ` (${mac})`}`),
    ...removed.map(({ name, address }) => `${name} has ${address} no longer reserved`),
    ...moving.map(movingLine),
  ];
  const count = counted(changed.length + removed.length, 'reservation');
  if (isTrial) return [...lines, `${count} would change; nothing was changed.`].join('\n');
  return [...lines, `${count} changed: ${effectText(result)}.`].join('\n');
}

function effectText({ isInEffect, problem }: ReservationChange): string {
  if (isInEffect) return 'in effect';
  if (problem !== undefined) return `written, but not in effect: ${stripControls(problem)}`;
  return 'dnsmasq does not run: it takes effect when that starts (`piburn bridge restart`)';
}

const movingLine = ({ name, address, lease }: MovingHost): string =>
  `Note: ${name} has ${lease.address}${lease.untilMs === undefined ? '' : ` until ${localTime(lease.untilMs)}`}; it gets ${address} at its next renewal, or when it starts again`;

/** `✓ red001  10.1.1.2  ping 0.4 ms, name, internet` */
export function renderTrials(trials: readonly HostTrial[], color: boolean): string {
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

function outcomeText(what: string, { state, detail, latencyMs }: TrialOutcome): string {
  if (state === 'good') return latencyMs === undefined ? what : `${what} ${Number(latencyMs.toPrecision(2))} ms`;
  const words = stripControls(detail ?? (state === 'failed' ? 'no' : 'unknown'));
  return state === 'failed' ? `${what} failed: ${words}` : `${what} not tried: ${words}`;
}
