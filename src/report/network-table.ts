// The network for people: own addresses, and neighbours, each as a table that becomes narrower with the terminal. The
// columns are those of cloudmesh's `burn network`, with what it did not show. Names come from the network: other people's.

import { paint } from './paint.js';
import { isAmount, stripControls, unknownText } from './text.js';
import { alignLeft, clip, displayWidth } from './width.js';

export interface InterfaceRow {
  readonly name: string;
  readonly link: 'up' | 'no-carrier' | 'off';
  readonly mac?: string;
  readonly speedMbps?: number;
  readonly isWifi?: boolean;
  readonly ssid?: string;
  readonly addresses: readonly AddressRow[];
}

export interface AddressRow {
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast?: string;
  readonly gateway?: string;
}

export interface NeighbourRow {
  readonly address: string;
  readonly name?: string;
  readonly status: 'up' | 'silent';
  readonly latencyMs?: number;
  readonly mac?: string;
  readonly vendor?: string;
  readonly isRaspberryPi: boolean;
  readonly isSelf: boolean;
}

export interface NetworkTableOptions {
  /** Columns of the terminal; Infinity where nothing limits them, as in a pipe. */
  readonly columns: number;
  readonly color: boolean;
}

/** Own addresses, a line for each, without a line break at the end. */
export function renderInterfaces(interfaces: readonly InterfaceRow[], options: NetworkTableOptions): string {
  const lines = interfaces.flatMap((each): InterfaceLine[] => {
    if (each.addresses.length === 0) return [{ each }];
    return each.addresses.map((address) => ({ each, address }));
  });
  return table(interfaceColumns, lines, interfaceNarrowing, options);
}

/** Neighbours, a line for each, without a line break at the end. */
export const renderNeighbours = (rows: readonly NeighbourRow[], options: NetworkTableOptions): string =>
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
  readonly each: InterfaceRow;
  readonly address?: AddressRow;
}

const interfaceColumns: readonly Column<InterfaceLine>[] = [
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

function linkText({ link, speedMbps, isWifi, ssid }: InterfaceRow): string {
  const speed = speedMbps === undefined || link !== 'up' ? [] : [`${Math.round(speedMbps)} Mbit/s`];
  const wifi = isWifi ? [ssid === undefined ? 'wifi' : `wifi ${stripControls(ssid)}`] : [];
  return [linkTexts[link], ...speed, ...wifi].join(', ');
}

const neighbourColumns: readonly Column<NeighbourRow>[] = [
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

function vendorText({ vendor, isRaspberryPi, isSelf }: NeighbourRow): string {
  const maker = isRaspberryPi ? 'Raspberry Pi' : plain(vendor);
  return isSelf ? `${maker === unknownText ? '' : `${maker}, `}this machine` : maker;
}

const plain = (text: string | undefined): string => (text === undefined ? unknownText : stripControls(text));

interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Shown in green. */
  readonly isMarked?: (row: Row) => boolean;
}

interface SizedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** What becomes shorter or falls away when there is less room. */
type Step = { readonly shorten: string; readonly to: number } | { readonly drop: string };

function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  narrowing: readonly Step[],
  { columns: limit, color }: NetworkTableOptions,
): string {
  if (rows.length === 0) return '';
  let sized = columns.map((column) => ({ column, width: naturalWidth(column, rows) }));
  for (const step of narrowing) {
    const excess = totalWidth(sized) - limit;
    if (!(excess > 0)) break;
    sized = narrowed(sized, step, excess);
  }
  // What is still too wide is cut off at the right, each cell by itself, so that no colour code is cut.
  const fitted = cutOff(sized, limit);
  const title = fitted.map(({ column, width }) => paint(alignLeft(column.title, width), 'bold', color));
  const body = rows.map((row) => fitted.map(({ column, width }) => cellText(row, column, width, color)));
  return [title, ...body].map((cells) => cells.join('  ').trimEnd()).join('\n');
}

function cellText<Row>(row: Row, { cell, isMarked }: Column<Row>, width: number, color: boolean): string {
  const text = cell(row);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return paint(clip(text, width), 'green', color && isMarked?.(row) === true) + padding;
}

function naturalWidth<Row>({ title, cell }: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce((widest, row) => Math.max(widest, displayWidth(cell(row))), displayWidth(title));
}

const totalWidth = (sized: readonly { readonly width: number }[]): number =>
  sized.reduce((sum, { width }) => sum + width + 2, -2);

function narrowed<Row>(sized: readonly SizedColumn<Row>[], step: Step, excess: number): SizedColumn<Row>[] {
  if ('drop' in step) return sized.filter(({ column }) => column.title !== step.drop);
  return sized.map(({ column, width }) =>
    column.title === step.shorten && width > step.to
      ? { column, width: Math.max(step.to, width - excess) }
      : { column, width },
  );
}

function cutOff<Row>(sized: readonly SizedColumn<Row>[], limit: number): SizedColumn<Row>[] {
  let room = limit;
  return sized.flatMap(({ column, width }) => {
    const kept = Math.min(width, room);
    room -= kept + 2;
    return kept > 0 ? [{ column, width: kept }] : [];
  });
}
