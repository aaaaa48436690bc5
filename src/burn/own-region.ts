// The burner's own locale, time zone and keyboard: what a card gets unless it is told otherwise, where its image takes it.
// Sources: locale.conf(5), localtime(5), keyboard(5), timezone of tzdata.

import { readFileSync, readlinkSync } from 'node:fs';
import { checkKeymap, checkLocale, checkTimezone } from '../customise/settings-check.js';
import { given } from '../given.js';
import type { Node } from '../protocol.js';

export type Region = Pick<Node, 'locale' | 'timezone' | 'keymap'>;

/** What is set here and means something elsewhere too. */
export function ownRegion(root = '/'): Region {
  const locale = assignment(textOf(`${root}etc/default/locale`) ?? textOf(`${root}etc/locale.conf`), 'LANG');
  const layout = assignment(textOf(`${root}etc/default/keyboard`), 'XKBLAYOUT')?.split(',')[0];
  const variant = assignment(textOf(`${root}etc/default/keyboard`), 'XKBVARIANT')?.split(',')[0];
  const timezone = textOf(`${root}etc/timezone`)?.trim() || zoneOfLink(`${root}etc/localtime`);
  return given({
    locale: usable(locale?.replace(/\.utf-?8$/i, '.UTF-8'), checkLocale),
    timezone: usable(timezone, checkTimezone),
    keymap: usable(layout && (variant ? `${layout}(${variant})` : layout), checkKeymap),
  });
}

function usable(value: string | undefined, check: (value: string, option: string) => void): string | undefined {
  if (!value) return undefined;
  try {
    check(value, '');
    return value;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function zoneOfLink(path: string): string | undefined {
  try {
    return /\/zoneinfo\/(.+)$/.exec(readlinkSync(path))?.[1];
  } catch {
    return undefined;
  }
}

/** The value of `NAME=value`, quoted or not. */
function assignment(text: string | undefined, name: string): string | undefined {
  const value = new RegExp(`^\\s*${name}=(.*)$`, 'm').exec(text ?? '')?.[1]?.trim();
  return value?.replace(/^(["'])(.*)\1$/, '$2') || undefined;
}
