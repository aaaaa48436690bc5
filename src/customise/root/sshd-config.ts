// Setting a keyword in a text like sshd_config: of several lines the first counts, and lines after `Match` are for some
// connections only. Source of the format: sshd_config(5).

import { linesOf, mapLines, withLines } from './text-lines.js';

/** Replaces the line that counts, else the line that says the default as a comment, else adds one where it counts. */
export function withKeyword(text: string, keyword: string, value: string): string {
  const lines = linesOf(text);
  const firstMatch = lines.findIndex((line) => /^\s*match\s/i.test(line));
  const general = firstMatch < 0 ? lines : lines.slice(0, firstMatch);
  const active = new RegExp(`^\\s*${keyword}[\\s=]`, 'i');
  const commented = new RegExp(`^\\s*#\\s*${keyword}\\s+\\S+\\s*$`, 'i');
  const activeAt = general.findIndex((line) => active.test(line));
  const at = activeAt >= 0 ? activeAt : general.findIndex((line) => commented.test(line));
  const wanted = `${keyword} ${value}`;
  if (at >= 0) return mapLines(text, (line, index) => (index === at ? wanted : line));
  return withLines(text, [wanted], firstMatch < 0 ? lines.length : firstMatch);
}
