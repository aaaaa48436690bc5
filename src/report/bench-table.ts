// What a bench has measured, for people: a table of speeds, and below it what went wrong with a card.

import { type BenchMeasure, type BenchReader, type BenchResult, busyShare } from '../protocol/bench.js';
import { benchSentences } from './bench-verdict.js';
import { blockText } from './bench-words.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions, withText } from './columns.js';
import { paint } from './paint.js';
import { bytes, counted, duration, megabytesPerSecond, stripControls } from './text.js';

/** Everything but failures, without a line break at its end. */
export function renderBench(result: BenchResult, options: TableOptions): string {
  const rows = rowsOf(result);
  const columns = withText(benchColumns, rows);
  const sized = fitColumns(columns, rows, narrowing, options.columns);
  const table = [
    ...headLines(sized, options),
    ...rows.map((row) => lineOf(sized, (column) => column.cell(row), options.columns)),
  ];
  const blocks = [
    rows.length === 0 ? [] : table,
    notesOf(result),
    result.readers.flatMap((reader) => wrongLine(reader).map((line) => paint(line, 'red', options.color))),
    benchSentences(result),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

interface Row {
  readonly label: string;
  readonly write?: BenchMeasure;
  readonly read?: BenchMeasure;
  /** Speed together over the sum of what each does alone. */
  readonly writeShare?: number;
  readonly readShare?: number;
  readonly cpuShare: number;
}

const benchColumns: readonly Column<Row>[] = [
  { title: 'Measured', cell: ({ label }) => label },
  { title: 'Write', unit: 'MB/s', numeric: true, cell: ({ write }) => speedText(write) },
  { title: 'Share', unit: '%', numeric: true, cell: ({ writeShare }) => percent(writeShare) },
  { title: 'Read', unit: 'MB/s', numeric: true, cell: ({ read }) => speedText(read) },
  { title: 'Share', unit: '%', numeric: true, cell: ({ readShare }) => percent(readShare) },
  { title: 'CPU', unit: '%', numeric: true, cell: ({ cpuShare }) => percent(cpuShare) },
];

const narrowing: readonly Step[] = [{ shorten: 'Measured', to: 24 }, { drop: 'Share' }, { drop: 'CPU' }];

const speedText = (measure: BenchMeasure | undefined): string =>
  measure === undefined ? '' : megabytesPerSecond(measure.bytesPerSecond);

const percent = (share: number | undefined): string =>
  share === undefined || !Number.isFinite(share) ? '' : String(Math.round(share * 100));

/** A row for each thing that was both written and read. */
function rowsOf({ measures, readers, cores }: BenchResult): Row[] {
  const whole = measures.filter(({ failed, rates }) => failed.length === 0 && rates.length > 0);
  const keys = [...new Set(whole.map((measure) => labelOf(measure, readers)))];
  return keys.map((label): Row => {
    const alike = whole.filter((measure) => labelOf(measure, readers) === label);
    // The last: where a reader failed, the same was measured again with others.
    const write = alike.findLast(({ operation }) => operation === 'write');
    const read = alike.findLast(({ operation }) => operation === 'read');
    return {
      label,
      ...(write === undefined ? {} : { write, ...shareOf('writeShare', write, whole) }),
      ...(read === undefined ? {} : { read, ...shareOf('readShare', read, whole) }),
      cpuShare: Math.max(...[write ?? [], read ?? []].flat().map((measure) => busyShare(measure, cores))),
    };
  });
}

function labelOf({ part, rates, blockBytes }: BenchMeasure, readers: readonly BenchReader[]): string {
  const name = stripControls(readers[rates[0]?.reader ?? 0]?.path ?? '');
  switch (part) {
    case 'alone':
      return `${name} alone`;
    case 'blocks':
      return `${name}, blocks of ${blockText(blockBytes)}`;
    case 'buffered':
      return `${name}, without O_DIRECT`;
    case 'together':
      return `${rates.length} together`;
  }
}

function shareOf<Name extends string>(name: Name, measure: BenchMeasure, measures: readonly BenchMeasure[]) {
  if (measure.part !== 'together') return {};
  const alone = measure.rates.map(
    ({ reader }) =>
      measures.find(
        ({ part, operation, rates }) =>
          part === 'alone' && operation === measure.operation && rates[0]?.reader === reader,
      )?.bytesPerSecond ?? Number.NaN,
  );
  const share = measure.bytesPerSecond / alone.reduce((sum, each) => sum + each, 0);
  return Number.isFinite(share) ? ({ [name]: share } as { [Key in Name]: number }) : {};
}

function notesOf({ readers, rangeBytes, elapsedMs, interrupted, measures }: BenchResult): string[] {
  const cached = readers.filter(({ direct, sizeBytes }) => !direct && sizeBytes !== undefined);
  const range = `${bytes(rangeBytes)} of each, blocks of 4M with O_DIRECT unless a line says otherwise`;
  return [
    ...(measures.length === 0 ? [] : [`${range}; measured in ${duration(elapsedMs)}`]),
    ...(measures.some(({ part }) => part === 'together') ? ['Share: of the sum of what the same ones do alone'] : []),
    ...(cached.length === 0
      ? []
      : [`No O_DIRECT on the file system of ${namesOf(cached)}: these speeds are those of the page cache`]),
    ...(interrupted ? ['It was stopped: this is what had been measured'] : []),
  ].map((note) => `${note}.`);
}

const namesOf = (readers: readonly BenchReader[]): string => readers.map(({ path }) => stripControls(path)).join(', ');

function wrongLine({ path, wrong }: BenchReader): string[] {
  if (wrong === undefined) return [];
  const name = stripControls(path);
  return [
    `${name} gave back ${counted(wrong.blocks, 'block')} of 4 KiB that ${wrong.blocks === 1 ? 'is' : 'are'} not what was written, the first at byte ${wrong.firstBytes}: do not trust it (piburn probe ${name}).`,
  ];
}
