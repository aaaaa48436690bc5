// One pattern, many names: `red[001-020]`, `10.1.1.[2-21]`, `/dev/sd[a-f,h]`. The same grammar for host names,
// addresses and devices. Commas outside brackets separate items; a bracket holds words, numbers, letters and
// ranges; several brackets multiply, the leftmost slowest. What is not exactly right is an error with a caret.

import { usageError } from './errors.js';

const maxItems = 100_000;
const tooMany = 'Give at most 100,000 items.';
const maxCharacters = 50_000_000;
/** Longest part of the pattern that an error shows, so that its caret stays on the same line of a terminal. */
const shownCharacters = 100;

/**
 * Expands a pattern into its items, in the order they were written.
 * `option` names the option in errors, such as `--hostname`. `spaces`: single ones may stand within items, as in `slot 3`.
 * Throws a usage error `HOSTLIST` for anything malformed, for duplicates and for more than 100,000 items.
 */
export function expandHostlist(text: string, option: string, { spaces = false } = {}): string[] {
  const complain: Complain = (column, problem, hint) => {
    throw usageError('HOSTLIST', `${option}: ${problem}\n${caretLines(text, column)}`, { hint });
  };
  if (text === '') complain(0, 'the list is empty', 'Give at least one item, such as red[001-003].');
  const space = text.search(spaces ? /[^\S ]|\p{Cc}|^ | $| {2}| ,|, /u : /[\s\p{Cc}]/u);
  if (space >= 0) complain(space, 'there is a space inside the list', 'Separate items by commas only, without spaces.');
  const items = splitItems(text, complain).map((item) => parseItem(item, complain));
  checkCount(items, complain);
  return distinct(items.flatMap(combine), complain);
}

/**
 * The shortest pattern of ranges for some items, in their order: `10.1.1.[1-4,9],10.1.2.7` for five addresses and another.
 * The last number of an item is what ranges are made of. Each item comes once; none may hold a comma, a bracket or a space.
 * What it returns expands to the same items.
 */
export function compressHostlist(items: readonly string[]): string {
  const groups: NumberedGroup[] = [];
  for (const item of new Set(items)) {
    const [, before = item, digits = '', after = ''] = /^(.*?)([0-9]{1,15})([^0-9]*)$/s.exec(item) ?? [];
    const group = groups.at(-1);
    const isNext =
      group !== undefined && group.runs.length > 0 && digits !== '' && group.before === before && group.after === after;
    if (isNext) addNumber(group, digits);
    else groups.push({ before, after, runs: digits === '' ? [] : [{ first: digits, last: digits }] });
  }
  return groups.map(groupText).join(',');
}

/** Items that differ in one number only. */
interface NumberedGroup {
  readonly before: string;
  readonly after: string;
  readonly runs: { readonly first: string; last: string }[];
}

function addNumber({ runs }: NumberedGroup, digits: string): void {
  const run = runs.at(-1);
  // As a range is expanded: padded to the width of its beginning.
  const next = run === undefined ? '' : String(Number(run.last) + 1).padStart(run.first.length, '0');
  if (run !== undefined && digits === next) run.last = digits;
  else runs.push({ first: digits, last: digits });
}

function groupText({ before, after, runs }: NumberedGroup): string {
  const ranges = runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  const isOne = runs.length <= 1 && runs[0]?.first === runs[0]?.last;
  return `${before}${isOne ? ranges.join('') : `[${ranges.join(',')}]`}${after}`;
}

/** Throws; columns count from 0. */
type Complain = (column: number, problem: string, hint: string) => never;

/** A piece of the pattern and where it begins. */
interface Piece {
  readonly text: string;
  readonly column: number;
}

/** The values from `first` to `last`: numbers, padded with zeros to `width`, or character codes. */
interface Range {
  readonly column: number;
  readonly first: number;
  readonly last: number;
  readonly toText: (value: number) => string;
}

/** One place in an item where a choice is made; text outside brackets is a choice of one. */
interface Choice {
  readonly column: number;
  readonly bracketed: boolean;
  readonly options: readonly (Piece | Range)[];
}

function splitItems(text: string, complain: Complain): Piece[] {
  const items: Piece[] = [];
  let opened: number | undefined;
  let start = 0;
  for (let column = 0; column <= text.length; column++) {
    const character = text[column];
    if (character === '[') {
      if (opened !== undefined) complain(column, 'a bracket inside a bracket', 'Write x[1-2][1-2] for combinations.');
      opened = column;
    } else if (character === ']') {
      if (opened === undefined) complain(column, "']' without a '[' before it", 'Remove it, or open the bracket.');
      opened = undefined;
    } else if (opened === undefined && (character === ',' || character === undefined)) {
      if (column === start) complain(Math.min(column, text.length - 1), 'an empty item', 'Remove the extra comma.');
      items.push({ text: text.slice(start, column), column: start });
      start = column + 1;
    }
  }
  if (opened !== undefined) complain(opened, "'[' is never closed", "Add the missing ']'.");
  return items;
}

/** Cuts an item at its brackets, which are balanced and not nested by now. */
function parseItem(item: Piece, complain: Complain): Choice[] {
  let column = item.column;
  return item.text
    .split(/[[\]]/)
    .map((text, index): Choice => {
      const piece = { text, column };
      column += text.length + 1;
      if (index % 2 === 0) return { column: piece.column, bracketed: false, options: [piece] };
      return { column: piece.column - 1, bracketed: true, options: parseBracket(piece, complain) };
    })
    .filter((choice) => choice.bracketed || choice.options.some((option) => 'text' in option && option.text !== ''));
}

function parseBracket(bracket: Piece, complain: Complain): (Piece | Range)[] {
  if (bracket.text === '') complain(bracket.column - 1, 'an empty bracket', 'Put a range into it, such as [1-3].');
  let column = bracket.column;
  return bracket.text.split(',').map((text) => {
    const piece = { text, column };
    column += text.length + 1;
    if (text === '') complain(piece.column, 'an empty item in a bracket', 'Remove the extra comma.');
    return text.includes('-') ? parseRange(piece, complain) : piece;
  });
}

function parseRange({ text, column }: Piece, complain: Complain): Range {
  const [left = '', right = '', ...rest] = text.split('-');
  const rightColumn = column + left.length + 1;
  if (rest.length > 0) {
    complain(rightColumn + right.length, `'${text}' is no range`, 'A range has two ends, such as 1-3 or a-c.');
  }
  if (left === '') complain(column, `the range '${text}' has no beginning`, 'Write both ends, such as 1-3.');
  if (right === '') complain(column + left.length, `the range '${text}' has no end`, 'Write both ends, such as 1-3.');
  if (/^[0-9]+$/.test(left) && /^[0-9]+$/.test(right)) return numberRange(left, right, column, complain);
  return letterRange(left, right, column, complain);
}

function numberRange(left: string, right: string, column: number, complain: Complain): Range {
  const [first, last, width] = [Number(left), Number(right), left.length];
  const rightColumn = column + width + 1;
  if (!Number.isSafeInteger(first)) complain(column, 'the number is too large', 'Use smaller numbers.');
  if (!Number.isSafeInteger(last)) complain(rightColumn, 'the number is too large', 'Use smaller numbers.');
  if (first > last) {
    complain(column, `the range '${left}-${right}' runs backwards`, `Write ${right}-${left}.`);
  }
  const padded = (digits: string) => digits.length > 1 && digits.startsWith('0');
  if (right.length !== width && (padded(right) || (padded(left) && right.length < width))) {
    const hint = `Give both ends the same number of digits, such as ${left}-${String(last).padStart(width, '0')}.`;
    complain(rightColumn, `the ends of '${left}-${right}' are padded differently`, hint);
  }
  return { column, first, last, toText: (value) => String(value).padStart(width, '0') };
}

function letterRange(left: string, right: string, column: number, complain: Complain): Range {
  const rightColumn = column + left.length + 1;
  const hint = 'A range goes between two numbers or two single letters of the same case, such as 1-3 or a-c.';
  if (!/^[0-9]+$/.test(left) && !/^[A-Za-z]$/.test(left)) {
    complain(column, `'${left}' is neither a number nor a single letter`, hint);
  }
  if (!/^[0-9]+$/.test(right) && !/^[A-Za-z]$/.test(right)) {
    complain(rightColumn, `'${right}' is neither a number nor a single letter`, hint);
  }
  const kind = (end: string) => (/[0-9]/.test(end) ? 'number' : end === end.toLowerCase() ? 'small' : 'capital');
  if (kind(left) !== kind(right)) {
    complain(rightColumn, `the ends of '${left}-${right}' are of different kinds`, hint);
  }
  if (left > right) complain(column, `the range '${left}-${right}' runs backwards`, `Write ${right}-${left}.`);
  const toText = (code: number) => String.fromCharCode(code);
  return { column, first: left.charCodeAt(0), last: right.charCodeAt(0), toText };
}

/** Counts before anything is expanded: `[1-99999999]` must not be allocated to be refused. */
function checkCount(items: readonly Choice[][], complain: Complain): void {
  let total = 0;
  let characters = 0;
  for (const choices of items) {
    let count = 1;
    for (const choice of choices) {
      count *= choice.options.reduce((sum, option) => sum + ('text' in option ? 1 : option.last - option.first + 1), 0);
      if (total + count > maxItems) complain(choice.column, 'the list has too many items', tooMany);
    }
    total += count;
    characters += count * choices.reduce((sum, choice) => sum + longest(choice), 0);
    if (characters > maxCharacters) complain(choices[0]?.column ?? 0, 'the list is too long', tooMany);
  }
}

const longest = (choice: Choice): number =>
  choice.options.reduce(
    (most, option) => Math.max(most, 'text' in option ? option.text.length : option.toText(option.last).length),
    0,
  );

/** All combinations of an item's choices. Each keeps the column of the last bracket that made it what it is. */
function combine(choices: readonly Choice[]): Piece[] {
  let results: Piece[] = [{ text: '', column: choices[0]?.column ?? 0 }];
  for (const choice of choices) {
    const pieces = choice.options.flatMap(piecesOf);
    results = results.flatMap((result) =>
      pieces.map((piece) => ({
        text: result.text + piece.text,
        column: choice.bracketed ? piece.column : result.column,
      })),
    );
  }
  return results;
}

function piecesOf(option: Piece | Range): Piece[] {
  if ('text' in option) return [option];
  const { first, last, column, toText } = option;
  return Array.from({ length: last - first + 1 }, (_, index) => ({ text: toText(first + index), column }));
}

function distinct(pieces: readonly Piece[], complain: Complain): string[] {
  const seen = new Set<string>();
  for (const { text, column } of pieces) {
    if (seen.has(text)) complain(column, `'${text}' appears twice`, 'Name everything once.');
    seen.add(text);
  }
  return [...seen];
}

/** The pattern with a caret under one character of it, both indented by two spaces. */
function caretLines(text: string, column: number): string {
  const start = text.length <= shownCharacters ? 0 : Math.max(0, column - shownCharacters / 2);
  const shown = text.slice(start, start + shownCharacters).replaceAll(/[\s\p{Cc}]/gu, ' ');
  return `  ${shown}\n  ${' '.repeat(column - start)}^`;
}
