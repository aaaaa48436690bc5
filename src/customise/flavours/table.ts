// Which flavour takes which setting, as a table for people. Made from the definitions, so that it cannot be wrong.

import { allSettings, flavours, settingOptions } from './index.js';

/** Markdown: a row for each option, a column for each flavour. */
export function flavourTable(): string {
  const names = Object.keys(flavours);
  const marks = Object.values(flavours).map(({ honours }) => new Set<string>(honours));
  const rows = [
    ['option', ...names],
    ['---', ...names.map(() => '---')],
    ...allSettings.map((setting) => [
      `\`${settingOptions[setting]}\``,
      ...marks.map((honours) => (honours.has(setting) ? 'yes' : '-')),
    ]),
  ];
  return `${alignColumns(rows)
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')}\n`;
}

function alignColumns(rows: readonly (readonly string[])[]): string[][] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0, cell === '---' ? '-' : ' ')));
}
