// One card in words: what it is, what is on it, what was changed on it.

import type { CardChange, CardDifference, CardEntry, CardFacts, CardKey } from '../protocol.js';
import { bytes, counted, sentence, stripControls } from './text.js';
import { alignLeft, alignRight, displayWidth } from './width.js';

/** A fact on each line. */
export function renderCard(facts: CardFacts): string {
  const { addresses, search, dns, wifi } = facts;
  const address = addresses.length === 0 ? 'by DHCP' : `${addresses.join(' and ')} on ${facts.interface ?? 'eth0'}`;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Card', facts.target],
    ['System', [facts.os ?? 'not known', facts.release && `of ${facts.release}`].filter(Boolean).join(', ')],
    ['Flavour', `${facts.flavour}: ${facts.flavourReason}`],
    ['Settings', settingsText(facts)],
    ['Booted', facts.booted === undefined ? undefined : facts.booted ? 'yes' : 'not yet'],
    ['Host name', facts.hostname ?? 'none'],
    ['Address', address],
    ['Gateway', [facts.gateway, facts.gateway6].filter(Boolean).join(' and ') || undefined],
    ['Names by', dns.length === 0 ? undefined : dns.join(', ')],
    ['Search', search.length === 0 ? undefined : search.join(', ')],
    ['User', facts.user === undefined ? "the image's own" : `${facts.user}, password ${facts.password ?? 'not known'}`],
    ...facts.keys.map((key, index): readonly [string, string] => [index === 0 ? 'Keys' : '', keyText(key)]),
    ['Wi-Fi', wifi && `'${wifi.ssid}'${wifi.secured ? '' : ', open'}${wifi.hidden ? ', hidden' : ''}`],
    ['Country', facts.country],
    ['Locale', facts.locale],
    ['Time zone', facts.timezone],
    ['Keyboard', facts.keymap],
    ['Hosts', facts.clusterHosts === 0 ? undefined : `${counted(facts.clusterHosts, 'other host')} of the cluster`],
    ['First boot', facts.firstboot ? 'runs a script of --firstboot' : undefined],
    ...facts.notes.map((note): readonly [string, string] => ['Note', sentence(note)]),
  ];
  return lines
    .flatMap(([name, text]) => (text === undefined ? [] : [`${alignLeft(name, 12)}${stripControls(text)}`.trimEnd()]))
    .join('\n');
}

function settingsText({ origin, burned, waiting, foreignFiles }: CardFacts): string {
  const when = burned?.at === undefined ? '' : ` on ${burned.at.replace('T', ' at ').replace(/:\d\dZ$/, ' UTC')}`;
  const id = burned?.burnId === undefined ? '' : ` (burn ${burned.burnId})`;
  const state = waiting ? ', to be taken at the next start' : '';
  if (origin === 'piburn') return `by piburn${when}${id}${state}`;
  if (origin === 'image') return 'none: the card is as its image was published';
  const whose = burned === undefined ? 'not by this piburn' : `by piburn${when}${id}, changed since`;
  return `${whose} (${foreignFiles.join(', ')})${state}`;
}

const keyText = ({ fingerprint, comment, type }: CardKey): string =>
  `${fingerprint} ${comment === '' ? 'no comment' : comment} (${type})`;

/** What is not as the report says; one line when all is. */
export function renderDifferences(differences: readonly CardDifference[], report: string): string {
  if (differences.length === 0) return `The card is as ${stripControls(report)} says.`;
  return differences
    .map(({ what, expected, found }) => stripControls(`Differs: the ${what} is ${found}; ${report} says ${expected}`))
    .join('\n');
}

/** Names alone, or with `long` a line for each: mode, owner, size, time, name. */
export function renderEntries(entries: readonly CardEntry[], long: boolean): string {
  if (!long) return entries.map(shownName).join('\n');
  const rows = entries.map((entry) => [modeText(entry), ownerText(entry), String(entry.sizeBytes), timeText(entry)]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => displayWidth(row[column] ?? ''))));
  return entries
    .map((entry, index) => {
      const [mode = '', owner = '', size = '', time = ''] = rows[index] ?? [];
      const [, ownerWidth = 0, sizeWidth = 0, timeWidth = 0] = widths;
      const cells = [mode, alignLeft(owner, ownerWidth), alignRight(size, sizeWidth), alignLeft(time, timeWidth)];
      const target = entry.target === undefined ? '' : ` -> ${stripControls(entry.target)}`;
      return `${cells.filter((cell) => cell !== '').join(' ')} ${shownName(entry)}${target}`;
    })
    .join('\n');
}

const shownName = ({ name, kind }: CardEntry): string => `${stripControls(name)}${kind === 'directory' ? '/' : ''}`;

const letters = { file: '-', directory: 'd', symlink: 'l', other: '?' } as const;

/** As ls(1) writes it; FAT has no modes. */
function modeText({ kind, mode }: CardEntry): string {
  if (mode === undefined) return `${letters[kind]}---------`;
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  const special: readonly (readonly [number, number, string])[] = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ];
  for (const [bit, at, letter] of special) {
    if ((mode & bit) !== 0) bits[at] = bits[at] === '-' ? letter.toUpperCase() : letter;
  }
  return letters[kind] + bits.join('');
}

const ownerText = ({ uid, gid }: CardEntry): string => (uid === undefined ? '-' : `${uid}:${gid ?? '-'}`);

const timeText = ({ modifiedAt }: CardEntry): string => modifiedAt?.slice(0, 16).replace('T', ' ') ?? '';

/** What was done; for a dry run the files too. */
export function renderChange({ target, dryRun, summary, files, writtenBytes, notes }: CardChange): string {
  const done =
    files.length === 0
      ? `Nothing is to be changed on ${target}.`
      : dryRun
        ? `Nothing was written to ${target}: this is a dry run. ${bytes(writtenBytes)} would be.`
        : `${target} is changed: ${bytes(writtenBytes)} written and read back.`;
  const shown = files.map(({ path, text }) => (dryRun ? [`${path}:`, ...indented(text)].join('\n') : `wrote ${path}`));
  return [
    ...summary.map(stripControls),
    ...(files.length === 0 ? [] : shown),
    ...notes.map((note) => `note: ${sentence(note)}`),
    stripControls(done),
  ].join('\n');
}

const indented = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${stripControls(line)}`.trimEnd());
