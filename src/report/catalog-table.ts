// The catalog of images for people: a row for each, with the word to type for it first; as a tree, below the names of
// its menus. A tag is never cut or drawn over two lines: what is too long for its column gets a line of its own.

import {
  type Column,
  fitColumns,
  headLines,
  lineOf,
  type SizedColumn,
  type Step,
  type TableOptions,
} from './columns.js';
import { paint } from './paint.js';
import { bytes, stripControls, unknownText } from './text.js';
import { clip, displayWidth } from './width.js';

export interface CatalogRow {
  readonly tag: string;
  readonly name: string;
  /** The names of the menus above it. */
  readonly path: readonly string[];
  readonly releaseDate?: string;
  readonly archiveBytes?: number;
  readonly imageBytes?: number;
  readonly architecture?: string;
  /** As the list calls it; shown by piburn's own words. */
  readonly initFormat?: string;
  /** Whether it is in the store, so that it needs no network. */
  readonly fetched: boolean;
}

export interface CatalogTableOptions extends TableOptions {
  /** Under the names of the menus. */
  readonly tree?: boolean;
}

/** The table, without a line break at its end; nothing at all for no rows. */
export function renderCatalog(rows: readonly CatalogRow[], options: CatalogTableOptions): string {
  const { columns: limit, color, tree = false } = options;
  const lines = tree ? treeLines(rows) : rows.map((row): Line => ({ row, depth: 0 }));
  const images = lines.filter((line) => 'row' in line);
  const [first, ...others] = fitColumns(tableColumns, images, narrowing, limit);
  if (images.length === 0 || first === undefined) return '';
  const body = lines.flatMap((line) => {
    if ('row' in line) return imageLines(line, first, others, limit);
    return [paint(clip(indent(line.depth) + stripControls(line.menu), limit), 'bold', color)];
  });
  return [...headLines([first, ...others], options), ...body].join('\n');
}

/** What is drawn on a line: an image, or the name of a menu. */
type ImageLine = { readonly row: CatalogRow; readonly depth: number };
type Line = ImageLine | { readonly menu: string; readonly depth: number };

interface Menu {
  readonly rows: CatalogRow[];
  readonly menus: Map<string, Menu>;
}

/** Menus where their first image stands, the images of a menu before the menus in it. */
function treeLines(rows: readonly CatalogRow[]): Line[] {
  const top: Menu = { rows: [], menus: new Map() };
  for (const row of rows) {
    let menu = top;
    for (const name of row.path) {
      const below = menu.menus.get(name) ?? { rows: [], menus: new Map() };
      menu.menus.set(name, below);
      menu = below;
    }
    menu.rows.push(row);
  }
  return menuLines(top, 0);
}

const menuLines = ({ rows, menus }: Menu, depth: number): Line[] => [
  ...rows.map((row) => ({ row, depth })),
  ...[...menus].flatMap(([menu, below]) => [{ menu, depth }, ...menuLines(below, depth + 1)]),
];

// Deeper than this, menus would leave no room for what is in them.
const indent = (depth: number): string => '  '.repeat(Math.min(depth, 6));

const size = (countBytes: number | undefined): string => (countBytes === undefined ? unknownText : bytes(countBytes));

const tableColumns: readonly Column<ImageLine>[] = [
  { title: 'tag', cell: ({ row, depth }) => indent(depth) + stripControls(row.tag) },
  { title: 'name', cell: ({ row }) => stripControls(row.name) },
  { title: 'date', cell: ({ row }) => stripControls(row.releaseDate ?? unknownText) },
  { title: 'download', numeric: true, cell: ({ row }) => size(row.archiveBytes) },
  { title: 'image', numeric: true, cell: ({ row }) => size(row.imageBytes) },
  { title: 'arch', cell: ({ row }) => stripControls(row.architecture ?? unknownText) },
  { title: 'flavour', cell: ({ row }) => flavourText(row.initFormat) },
  { title: 'fetched', cell: ({ row }) => (row.fetched ? '✓' : '') },
];

const flavours: ReadonlyMap<string, string> = new Map([
  ['systemd', 'firstrun'],
  ['cloudinit-rpi', 'cloudinit'],
  ['cloudinit', 'cloudinit (Ubuntu)'],
  ['rpi-preseed', 'preseed'],
]);

const flavourText = (initFormat: string | undefined): string =>
  initFormat === undefined ? unknownText : (flavours.get(initFormat) ?? clip(stripControls(initFormat), 20));

/** What becomes shorter or falls away when there is less room; the tags and the tick stay. */
const narrowing: readonly Step[] = [
  { shorten: 'name', to: 40 },
  { shorten: 'tag', to: 44 },
  { shorten: 'name', to: 28 },
  { drop: 'image' },
  { drop: 'flavour' },
  { shorten: 'tag', to: 40 },
  { drop: 'arch' },
  { shorten: 'name', to: 20 },
  { drop: 'date' },
  { shorten: 'name', to: 12 },
  { drop: 'name' },
  { drop: 'download' },
  { shorten: 'tag', to: 20 },
  { drop: 'fetched' },
];

type Sized = SizedColumn<Column<ImageLine>>;

function imageLines(line: ImageLine, first: Sized, others: readonly Sized[], limit: number): string[] {
  const tag = first.column.cell(line);
  const sized = [first, ...others];
  if (displayWidth(tag) <= Math.min(first.width, limit)) return [lineOf(sized, ({ cell }) => cell(line), limit)];
  const rest = lineOf(sized, (column) => (column === first.column ? '' : column.cell(line)), limit);
  return rest === '' ? [tag] : [tag, rest];
}
