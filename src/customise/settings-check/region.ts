// The settings of a place: locale, time zone, keyboard. A Pi takes a misspelt one without a word and keeps its old one,
// so what can be known here is looked up.

import { type PiburnError, usageError } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { printable } from './one-line.js';

/** Checks all of them. Throws a usage error that names the option. */
export function checkRegion(node: Node): void {
  if (node.locale !== undefined) checkLocale(node.locale, '--locale');
  if (node.timezone !== undefined) checkTimezone(node.timezone, '--timezone');
  if (node.keymap !== undefined) checkKeymap(node.keymap, '--keymap');
}

/** `xx_YY.UTF-8`, perhaps with `@modifier`: the names of glibc (locale(7)), in UTF-8 only. */
const localePattern = /^([a-z]{2,3})_([A-Z]{2})\.UTF-8(?:@[a-z]{2,16})?$/;

/** Checks the name of a locale. Throws a usage error `LOCALE`. */
export function checkLocale(locale: string, option: string): void {
  if (locale === 'C.UTF-8') return;
  const [, language, country] = localePattern.exec(locale) ?? [];
  if (language === undefined || country === undefined) throw wrongLocale(locale, option);
  if (!isKnown('language', language)) throw wrongLocale(locale, option, `there is no language '${language}'`);
  if (country === 'UK' || !isKnown('region', country)) {
    throw wrongLocale(locale, option, `there is no country '${country}'`);
  }
}

const isKnown = (type: 'language' | 'region', code: string): boolean =>
  new Intl.DisplayNames(['en'], { type, fallback: 'none' }).of(code) !== undefined;

const wrongLocale = (locale: string, option: string, problem = 'it is not of the form xx_YY.UTF-8'): PiburnError =>
  usageError('LOCALE', `${option}: '${printable(locale)}' is no locale: ${problem}.`, {
    hint: 'Use a language and a country, such as en_GB.UTF-8, or C.UTF-8.',
  });

/** The names that every release has; others (`US/Eastern`, `Japan`) are in a package of their own since trixie. */
const zonePattern =
  /^(?:UTC|Etc\/[A-Za-z0-9+-]+|(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:\/[A-Z][A-Za-z0-9_-]*){1,2})$/;

/** Checks a time zone against the database that Node has. Throws a usage error `TIMEZONE`. */
export function checkTimezone(zone: string, option: string): void {
  if (zonePattern.test(zone) && exists(zone)) return;
  throw usageError('TIMEZONE', `${option}: '${printable(zone)}' is no time zone.`, {
    hint: 'Use an area and a city, such as Europe/London, or UTC; `timedatectl list-timezones` lists them.',
  });
}

function exists(zone: string): boolean {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    // It ignores case, but on the Pi this is the name of a file.
    return known === zone || known.toLowerCase() !== zone.toLowerCase();
  } catch {
    return false;
  }
}

/** An XKB layout with a variant, if there is one. */
export interface Keymap {
  readonly layout: string;
  readonly variant: string;
}

const keymapPattern = /^([a-z][a-z0-9_-]{1,15})(?:\(([A-Za-z0-9_-]{1,32})\))?$/;

/** What people write for a layout, and what XKB calls it (xkeyboard-config(7)). */
const notLayouts: ReadonlyMap<string, string> = new Map([
  ['uk', 'gb'],
  ['en', 'gb or us'],
  ['jp106', 'jp'],
  ['en-us', 'us'],
  ['en-gb', 'gb'],
]);

/** Reads `gb` or `de(nodeadkeys)`. Throws a usage error `KEYMAP`. */
export function parseKeymap(keymap: string, option: string): Keymap {
  const [, layout, variant = ''] = keymapPattern.exec(keymap) ?? [];
  const meant = notLayouts.get(keymap.toLowerCase());
  if (layout !== undefined && meant === undefined) return { layout, variant };
  throw usageError('KEYMAP', `${option}: '${printable(keymap)}' is no keyboard layout.`, {
    hint: meant === undefined ? 'Use a name of XKB, such as gb, us or de(nodeadkeys).' : `Write ${option}=${meant}.`,
  });
}

/** Checks a keyboard layout. Throws a usage error `KEYMAP`. */
export function checkKeymap(keymap: string, option: string): void {
  parseKeymap(keymap, option);
}
