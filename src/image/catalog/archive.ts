// Where a release of Raspberry Pi OS lies that is not in the list any more: the list has only the newest, the server
// keeps the others too, under directories with a date in their names,
//   /raspios_lite_arm64/images/raspios_lite_arm64-2024-11-19/2024-11-19-raspios-bookworm-arm64-lite.img.xz
// which is mostly the file's day or one to four days later. These are guesses to be tried one after the other.

import { withoutSuffix } from '../names.js';
import { isDate, parsedUrl } from './fields.js';
import { type Architecture, directoryOf, type Kind, parseRaspiOs, parseSeedTag } from './raspios.js';

const mostCandidates = 12;
const mostDaysLater = 4;

/** Releases whose directories are further away. */
const farDirectories: readonly (readonly [fileDate: string, directoryDate: string])[] = [
  ['2021-03-04', '2021-03-25'],
  ['2021-03-04', '2021-04-09'],
  ['2021-05-07', '2021-05-28'],
  ['2021-10-30', '2021-11-08'],
];

/** Debian's releases, newest first: since when an image of Raspberry Pi OS is made from one. */
const codenames: readonly (readonly [codename: string, since: string])[] = [
  ['trixie', '2025-10-01'],
  ['bookworm', '2023-10-10'],
  ['bullseye', '2021-10-30'],
  ['buster', '2019-06-20'],
];

/** From then on images are `.img.xz`, before `.zip`. */
const firstXz = '2022-04-01';

/**
 * URLs under the origin of `repoUrl` where a dated image can be, the likeliest first, at most 12; none when the word is
 * no such name or the list is not on the web. Words: `2024-11-19-raspios-bookworm-arm64-lite`,
 * `2019-09-26-raspbian-buster-lite`, and the tags of cloudmesh-pi-burn such as `lite-2021-01-12`.
 */
export function archiveCandidates(word: string, repoUrl: string): readonly { readonly url: string }[] {
  const origin = /^https?:/i.test(repoUrl) ? parsedUrl(repoUrl)?.origin : undefined;
  if (origin === undefined) return [];
  const name = withoutSuffix(word.trim()).toLowerCase();
  const paths = [...raspiOsPaths(name), ...raspbianPaths(name), ...seedTagPaths(name)];
  return [...new Set(paths)].slice(0, mostCandidates).map((path) => ({ url: `${origin}${path}` }));
}

function raspiOsPaths(name: string): string[] {
  const os = parseRaspiOs(name);
  if (os === undefined || !isDate(os.date)) return [];
  const likelyLegacy = isSuperseded(os.codename, os.date);
  return [likelyLegacy, !likelyLegacy].flatMap((legacy) => {
    const directory = directoryOf(os.kind, os.architecture, legacy);
    return directoryDates(os.date).map((date) => pathOf(directory, date, name, os.date));
  });
}

/** Names from before May 2020; before 2016 the last two words were the other way round. */
function raspbianPaths(name: string): string[] {
  const [, date = '', kind] = /^(\d{4}-\d\d-\d\d)-(?:raspbian-[a-z]+(-lite|-full)?|[a-z]+-raspbian)$/.exec(name) ?? [];
  if (!isDate(date)) return [];
  const directory = `raspbian${(kind ?? '').replace('-', '_')}`;
  return directoryDates(date).map((each) => pathOf(directory, each, name, date));
}

/** Here the directory is known and the file has to be guessed. */
function seedTagPaths(name: string): string[] {
  const tag = parseSeedTag(name);
  if (tag === undefined || !isDate(tag.date)) return [];
  const { date, kind, architecture, legacy } = tag;
  const far = farDirectories.filter(([, directoryDate]) => directoryDate === date).map(([fileDate]) => fileDate);
  const near = Array.from({ length: mostDaysLater + 1 }, (_, days) => addDays(date, -days));
  return [...far, ...near].map((fileDate) => {
    const file = fileName(fileDate, codenameAt(fileDate, legacy), kind, architecture);
    return pathOf(directoryOf(kind, architecture, legacy), date, file, fileDate);
  });
}

function fileName(date: string, codename: string, kind: Kind, architecture: Architecture): string {
  const suffix = kind === 'desktop' ? '' : `-${kind}`;
  const words = date < '2020-06-01' ? `${suffix}-${architecture}` : `-${architecture}${suffix}`;
  return `${date}-raspios-${codename}${words}`;
}

const pathOf = (directory: string, directoryDate: string, file: string, fileDate: string): string =>
  `/${directory}/images/${directory}-${directoryDate}/${file}${fileDate < firstXz ? '.zip' : '.img.xz'}`;

function directoryDates(fileDate: string): string[] {
  const far = farDirectories.filter(([date]) => date === fileDate).map(([, date]) => date);
  const near = Array.from({ length: mostDaysLater + 1 }, (_, days) => addDays(fileDate, days));
  return [...far, ...near];
}

const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** Whether a newer Debian release was out by then, so that this one is in the legacy directory. */
function isSuperseded(codename: string, date: string): boolean {
  const index = codenames.findIndex(([name]) => name === codename);
  const [, since = ''] = codenames[index - 1] ?? [];
  return since !== '' && date >= since;
}

function codenameAt(date: string, legacy: boolean): string {
  const index = codenames.findIndex(([, since]) => date >= since);
  const [codename] = codenames[index + (legacy ? 1 : 0)] ?? [];
  return index === -1 || codename === undefined ? 'buster' : codename;
}
