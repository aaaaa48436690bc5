// The network for people: own addresses, and neighbours, each as a table that becomes narrower with the terminal. The
// columns are those of cloudmesh's `burn network`, with what it did not show. Names come from the network: other people's.

import type { Neighbour, OwnAddress, OwnInterface } from '../protocol.js';
import { type Column, fitColumns, type SizedColumn, type Step, type TableOptions } from './columns.js';
import { paint } from './paint.js';
import { isAmount, stripControls, unknownText } from './text.js';
import { alignLeft, clip, displayWidth } from './width.js';

/** Own addresses, a line for each, without a line break at the end. */
export function renderInterfaces(interfaces: readonly OwnInterface[], options: TableOptions): string {
  const lines = interfaces.flatMap((each): InterfaceLine[] => {
    if (each.addresses.length === 0) return [{ each }];
    return each.addresses.map((address) => ({ each, address }));
  });
  return table(interfaceColumns, lines, interfaceNarrowing, options);
}

/** Neighbours, a line for each, without a line break at the end. */
export const renderNeighbours = (rows: readonly Neighbour[], options: TableOptions): string =>
  table(neighbourColumns, rows, neighbourNarrowing, options);

/** Two digits, as nmap and cloudmesh have it: `0.0092s`, `0.14s`. */
export function latencyText(latencyMs: number | undefined): string {
  if (latencyMs === undefined || !isAmount(latencyMs)) return unknownText;
  const seconds = Math.max(latencyMs / 1000, 0.000001);
  return `${
    seconds < 10
      ? Number(seconds.toPrecision(2))
          .toFixed(9)
          .replace(/\.?0+$/, '')
      : Math.round(seconds)
  }s`;
}

interface InterfaceLine {
  readonly each: OwnInterface;
  readonly address?: OwnAddress;
}

const interfaceColumns: readonly MarkedColumn<InterfaceLine>[] = [
  { title: 'Label', cell: ({ each }) => stripControls(each.name) },
  {
    title: 'Local',
    cell: ({ address }) => (address === undefined ? unknownText : `${plain(address.address)}/${address.prefixLength}`),
  },
  { title: 'Broadcast', cell: ({ address }) => plain(address?.broadcast) },
  { title: 'Gateway', cell: ({ address }) => plain(address?.gateway) },
  { title: 'MAC', cell: ({ each }) => plain(each.mac) },
  { title: 'Link', cell: ({ each }) => linkText(each) },
];

const interfaceNarrowing: readonly Step[] = [
  { shorten: 'Link', to: 12 },
  { drop: 'MAC' },
  { drop: 'Broadcast' },
  { drop: 'Link' },
  { drop: 'Gateway' },
];

const linkTexts = { up: 'up', 'no-carrier': 'no carrier', off: 'off' } as const;

function linkText({ link, speedMbps, isWifi, ssid }: OwnInterface): string {
  const speed = speedMbps === undefined || link !== 'up' ? [] : [`${Math.round(speedMbps)} Mbit/s`];
  const wifi = isWifi ? [ssid === undefined ? 'wifi' : `wifi ${stripControls(ssid)}`] : [];
  return [linkTexts[link], ...speed, ...wifi].join(', ');
}

const neighbourColumns: readonly MarkedColumn<Neighbour>[] = [
  { title: 'Name', cell: ({ name }) => (name === undefined ? 'unknown' : stripControls(name)) },
  { title: 'IP', cell: ({ address }) => plain(address) },
  { title: 'Status', cell: ({ status }) => status },
  { title: 'Latency', cell: ({ latencyMs }) => latencyText(latencyMs) },
  { title: 'MAC', cell: ({ mac }) => plain(mac) },
  { title: 'Vendor', cell: vendorText, isMarked: ({ isRaspberryPi }) => isRaspberryPi },
];

const neighbourNarrowing: readonly Step[] = [
  { shorten: 'Name', to: 32 },
  { shorten: 'Vendor', to: 17 },
  { shorten: 'Name', to: 20 },
  { drop: 'MAC' },
  { shorten: 'Name', to: 12 },
  { drop: 'Latency' },
  { drop: 'Vendor' },
  { drop: 'Status' },
  { drop: 'Name' },
];

function vendorText({ vendor, isRaspberryPi, isSelf }: Neighbour): string {
  const maker = isRaspberryPi ? 'Raspberry Pi' : plain(vendor);
  return isSelf ? `${maker === unknownText ? '' : `${maker}, `}this machine` : maker;
}

const plain = (text: string | undefined): string => (text === undefined ? unknownText : stripControls(text));

interface MarkedColumn<Row> extends Column<Row> {
  /** Shown in green. */
  readonly isMarked?: (row: Row) => boolean;
}

function table<Row>(
  columns: readonly MarkedColumn<Row>[],
  rows: readonly Row[],
  narrowing: readonly Step[],
  { columns: limit, color }: TableOptions,
): string {
  if (rows.length === 0) return '';
  // What is still too wide is cut off at the right, each cell by itself, so that no colour code is cut.
  const fitted = cutOff(fitColumns(columns, rows, narrowing, limit), limit);
  const title = fitted.map(({ column, width }) => paint(alignLeft(column.title, width), 'bold', color));
  const body = rows.map((row) => fitted.map(({ column, width }) => cellText(row, column, width, color)));
  return [title, ...body].map((cells) => cells.join('  ').trimEnd()).join('\n');
}

function cellText<Row>(row: Row, { cell, isMarked }: MarkedColumn<Row>, width: number, color: boolean): string {
  const text = cell(row);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return paint(clip(text, width), 'green', color && isMarked?.(row) === true) + padding;
}

function cutOff<C>(sized: readonly SizedColumn<C>[], limit: number): SizedColumn<C>[] {
  let room = limit;
  return sized.flatMap(({ column, width }) => {
    const kept = Math.min(width, room);
    room -= kept + 2;
    return kept > 0 ? [{ column, width: kept }] : [];
  });
}
