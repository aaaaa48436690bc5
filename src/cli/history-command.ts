// `piburn history`: the cards that were burned, and those that had better not be used again.

import { type Command, Option } from 'commander';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { storeDirectory } from '../image/store.js';
import { shortCard } from '../records/card-name.js';
import { failingCards, readHistory, selectRecords } from '../records/history.js';
import { renderHistory } from '../report/history-table.js';
import type { Ending } from './ending.js';
import { callingPerson } from './person.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

interface HistoryFlags {
  readonly card?: string;
  readonly node?: string;
  readonly failed?: boolean;
  readonly last?: string;
  readonly since?: string;
  readonly json?: boolean;
  readonly store?: string;
}

const shownByDefault = 50;

export function addHistoryCommand(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  program
    .command('history')
    .description('list the cards that were burned, and those that failed again and again')
    .option('--card <id>', 'only this card: 6 characters or more of its id, or the serial of a reader')
    .option('--node <names>', 'only these nodes: red[001-003]')
    .option('--failed', 'only cards that failed')
    .option('--last <number>', `so many of the newest (default: ${shownByDefault}; with --json all)`)
    .option('--since <date>', 'only since then: 2026-11-01 or 2026-11-01T18:30 (UTC)')
    .option('--json', 'print the records as JSON')
    .addOption(new Option('--store <dir>', 'where images are kept (PIBURN_STORE, else ~/.cache/piburn)'))
    .option('--verbose', 'print the stack of an error')
    .action((flags: HistoryFlags) => {
      showHistory(flags, terminal);
      end({ code: 0, stuck: false });
    });
}

function showHistory(flags: HistoryFlags, terminal: Terminal): void {
  const { uid, gid } = callingPerson(process.env);
  const directory = storeDirectory(flags.store, process.env);
  const last = flags.last === undefined ? undefined : parseCount(flags.last);
  const { card, node } = flags;
  const since = flags.since === undefined ? undefined : parseDate(flags.since);
  const outcome = flags.failed ? ('failed' as const) : undefined;
  const { records, damaged } = readHistory({ directory, ...given({ uid, gid }) });
  const found = selectRecords(records, given({ card, node, outcome, since }));
  if (damaged > 0)
    terminal.sayError(`note: ${damaged} of the lines in the history of ${directory} cannot be read and are left out`);
  if (flags.json) {
    printJson({ type: 'history', records: last === undefined ? found : found.slice(-last), damaged });
    return;
  }
  if (records.length > 0 && found.length === 0) {
    terminal.say(`None of the ${records.length} burns in the history is meant by that.`);
    return;
  }
  const shown = found.slice(-(last ?? shownByDefault));
  const view = {
    records: shown.map((record) => ({ ...record, ...given({ card: record.card && shortCard(record.card) }) })),
    earlier: found.length - shown.length,
    failing: failingCards(found).map((one) => ({ ...one, card: shortCard(one.card) })),
  };
  const columns = terminal.out.isTTY ? terminal.columns : Number.POSITIVE_INFINITY;
  terminal.say(renderHistory(view, { columns, color: terminal.color }));
}

function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usageError('COUNT', `--last: '${text}' is no number of burns`, { hint: 'write it as --last=20' });
}

/** A day, or a day and a time; UTC unless it says otherwise. */
function parseDate(text: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text);
  const [, day = '', clock = '00:00', zone = 'Z'] = parts ?? [];
  const date = new Date(`${day}T${clock}${zone.toUpperCase()}`);
  // The 31st of February would become a day in March.
  const isReal = !Number.isNaN(date.getTime()) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  if (parts !== null && isReal) return date.toISOString();
  throw usageError('DATE', `--since: '${text}' is no date`, { hint: 'write it as --since=2026-11-01' });
}
