// Time zone, language and keyboard. What the image does not have is an error here: a Pi would go on without a word.
// Sources of the formats: localtime(5), locale.conf(5), locale-gen(8), keyboard(5).

import { failure } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { parseKeymap } from '../settings-check.js';
import { compileLocalesLater } from './first-boot.js';
import { hasCompiledLocale } from './locale-archive.js';
import type { RootDraft } from './root-draft.js';
import { hasSystemd, needsSystemd } from './services.js';
import { linesOf, mapLines, withAssignments, withLines } from './text-lines.js';

/** @throws PiburnError `ROOT_TIMEZONE`, `ROOT_LOCALE`, `ROOT_NO_SYSTEMD`. */
export function placeRegion(draft: RootDraft, { timezone, locale, keymap }: Node, burnId: string): void {
  if (timezone !== undefined) placeTimezone(draft, timezone);
  if (locale !== undefined) placeLocale(draft, locale, burnId);
  if (keymap !== undefined) placeKeymap(draft, keymap);
}

const zoneFolder = '/usr/share/zoneinfo';

function placeTimezone(draft: RootDraft, zone: string): void {
  if (!draft.isFile(`${zoneFolder}/${zone}`)) {
    throw failure('ROOT_TIMEZONE', `--timezone=${zone}: the image has no ${zoneFolder}/${zone}`, {
      hint: 'choose a zone that the image has, or an image with all of tzdata',
    });
  }
  draft.link('/etc/localtime', `${zoneFolder}/${zone}`);
  draft.write('/etc/timezone', `${zone}\n`);
}

const genFile = '/etc/locale.gen';

function placeLocale(draft: RootDraft, locale: string, burnId: string): void {
  if (!hasCompiledLocale(draft, locale)) compile(draft, locale, burnId);
  // Debian has one file and since trixie a link to the other; other systems have only locale.conf.
  const isDebian = draft.has('/etc/default/locale') || !draft.isFile('/etc/locale.conf');
  const path = isDebian ? '/etc/default/locale' : '/etc/locale.conf';
  draft.write(path, withAssignments(draft.text(path) ?? '', { LANG: locale }));
}

function compile(draft: RootDraft, locale: string, burnId: string): void {
  const [language = ''] = locale.split('.');
  const [, modifier] = locale.split('@');
  const source = `/usr/share/i18n/locales/${language}${modifier === undefined ? '' : `@${modifier}`}`;
  if (!draft.isFile(source) || !draft.isFile('/usr/sbin/locale-gen')) throw noLocale(locale);
  if (!hasSystemd(draft)) throw needsSystemd(`--locale=${locale}`, 'choose a locale that the image has compiled');
  const wanted = `${locale} UTF-8`;
  const isLine = (line: string) => line.replace(/^#\s*/, '').trim() === wanted;
  const text = draft.text(genFile) ?? '';
  draft.write(
    genFile,
    linesOf(text).some(isLine) ? mapLines(text, (line) => (isLine(line) ? wanted : line)) : withLines(text, [wanted]),
  );
  compileLocalesLater(draft, burnId);
}

const noLocale = (locale: string) =>
  failure('ROOT_LOCALE', `--locale=${locale}: the image neither has it compiled nor can compile it`, {
    hint: 'choose C.UTF-8 or a locale that the image has, or an image with the package locales',
  });

const keyboardFile = '/etc/default/keyboard';
const freshKeyboard = 'XKBMODEL="pc105"\nXKBLAYOUT=""\nXKBVARIANT=""\nXKBOPTIONS=""\nBACKSPACE="guess"\n';

function placeKeymap(draft: RootDraft, keymap: string): void {
  const { layout, variant } = parseKeymap(keymap, '--keymap');
  const text = draft.text(keyboardFile) ?? freshKeyboard;
  draft.write(keyboardFile, withAssignments(text, { XKBLAYOUT: `"${layout}"`, XKBVARIANT: `"${variant}"` }));
}
