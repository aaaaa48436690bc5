// Images in words: what the store has, as a table, and what one image is.

import type { ImageInfo, KeptImageRow } from '../protocol.js';
import { bytes, counted, percentage, stripControls, unknownText } from './text.js';
import { alignLeft, alignRight, clip, displayWidth } from './width.js';

interface Column {
  readonly title: string;
  readonly numeric?: boolean;
  readonly cell: (row: KeptImageRow) => string;
}

const day = (time: string | undefined): string => time?.slice(0, 10) ?? unknownText;

const columns: readonly Column[] = [
  { title: 'name', cell: ({ name }) => stripControls(name) },
  { title: 'fetched', cell: ({ madeAt }) => day(madeAt) },
  {
    title: 'image',
    numeric: true,
    cell: ({ imageBytes }) => (imageBytes === undefined ? unknownText : bytes(imageBytes)),
  },
  { title: 'on disk', numeric: true, cell: ({ diskBytes }) => bytes(diskBytes) },
  { title: 'flavour', cell: ({ flavour }) => flavour ?? unknownText },
  { title: 'burned', cell: ({ burnedAt }) => day(burnedAt) },
  { title: 'verified', cell: ({ verifiedAt }) => day(verifiedAt) },
  { title: 'sha-256', cell: ({ imageSha256 }) => imageSha256?.slice(0, 12) ?? unknownText },
  {
    title: 'checked by',
    cell: ({ state, trustedBy }) => (state === 'whole' ? trustedBy.join(', ') || 'nobody' : state),
  },
];

/** What leaves first when the terminal is narrow. */
const droppable = ['sha-256', 'fetched', 'verified', 'checked by', 'on disk', 'burned', 'flavour'];

/** The images of the store, a line each, and how much room they take. `width`: columns of the terminal, or Infinity. */
export function renderKept(rows: readonly KeptImageRow[], width: number): string {
  if (rows.length === 0) return 'There are no images in the store. `piburn image get latest` fetches one.';
  let shown = columns;
  for (const title of droppable) if (widthOf(shown, rows) > width) shown = shown.filter((one) => one.title !== title);
  const sized = shown.map((column) => ({ column, cells: widest(column, rows) }));
  const line = (text: (column: Column) => string) =>
    sized
      .map(({ column, cells }) => (column.numeric ? alignRight(text(column), cells) : alignLeft(text(column), cells)))
      .join('  ')
      .trimEnd();
  const total = rows.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
  return [
    line(({ title }) => title),
    ...rows.map((row) =>
      clip(
        line(({ cell }) => cell(row)),
        width,
        '…',
      ),
    ),
    '',
    `${counted(rows.length, 'image')}, ${bytes(total)} on disk`,
  ].join('\n');
}

const widest = ({ title, cell }: Column, rows: readonly KeptImageRow[]): number =>
  Math.max(displayWidth(title), ...rows.map((row) => displayWidth(cell(row))));

const widthOf = (shown: readonly Column[], rows: readonly KeptImageRow[]): number =>
  shown.reduce((sum, column) => sum + widest(column, rows) + 2, -2);

/** One image, a fact on each line. */
export function renderImageInfo(info: ImageInfo): string {
  const unused = percentage(info.skippedBytes, info.imageBytes);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Image', info.name],
    ['Source', info.source],
    ['Form', formOf(info)],
    ['Size', `${bytes(info.imageBytes)} (${info.imageBytes} bytes)`],
    [
      'Used',
      `${bytes(info.usedBytes)} in ${counted(info.segments, 'segment')}; ${bytes(info.skippedBytes)} skipped${unused === undefined ? '' : `, ${unused} %`}`,
    ],
    ['Table', tableNames[info.table]],
    ...info.partitions.map(({ startBytes, sizeBytes }, index): readonly [string, string] => [
      index === 0 ? 'Partitions' : '',
      `${index + 1}: ${bytes(sizeBytes)} from byte ${startBytes}`,
    ]),
    ...info.layout.map((line, index): readonly [string, string] => [index === 0 ? 'Holds' : '', line]),
    ['System', info.os ?? 'not known'],
    ['Settings', `${info.flavour}: ${info.flavourReason}`],
    ['SHA-256', info.imageSha256 ?? 'not computed: a raw file is hashed when there is a digest to compare with'],
    ['of file', info.archiveSha256 === info.imageSha256 ? undefined : info.archiveSha256],
    [
      'Checked',
      info.trustedBy.length === 0
        ? 'nobody said what the SHA-256 should be'
        : `as ${info.trustedBy.join(' and ')} says`,
    ],
    ['Bmap', info.bmap],
  ];
  return facts
    .flatMap(([name, text]) => (text === undefined ? [] : [`${alignLeft(name, 12)}${stripControls(text)}`]))
    .join('\n');
}

const tableNames = { mbr: 'MBR', gpt: 'GPT', fat: 'none: one FAT file system' } as const;

function formOf({ format, archiveBytes, xz }: ImageInfo): string {
  const size = archiveBytes === undefined ? '' : `, ${bytes(archiveBytes)}`;
  const blocks = xz === undefined ? '' : `, ${counted(xz.blocks, 'block')} in ${counted(xz.streams, 'stream')}`;
  return `${format ?? 'not known'}${size}${blocks}`;
}
