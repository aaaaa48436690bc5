// What systemd starts: where units are, whether they are enabled, and enabling them as `systemctl --root enable` does.
// Source of the formats: systemd.unit(5).

import { failure, type PiburnError } from '../../errors.js';
import type { RootDraft } from './root-draft.js';
import { linesOf } from './text-lines.js';

/** Where the administrator's links and units are; they come before those of packages. */
export const ownUnits = '/etc/systemd/system';
const packagedUnits = ['/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

export const hasSystemd = (draft: RootDraft): boolean =>
  draft.isFile('/usr/lib/systemd/systemd') || draft.isFile('/lib/systemd/systemd');

/** The file of a unit; undefined when there is none, or when it is masked (a link to /dev/null, or empty). */
export function findUnit(draft: RootDraft, unit: string): string | undefined {
  for (const folder of [ownUnits, ...packagedUnits]) {
    const path = `${folder}/${unit}`;
    if (draft.linkTarget(path) === '/dev/null') return undefined;
    if (draft.isFile(path)) return draft.whereIs(path);
  }
  return undefined;
}

/** Whether some target wants the unit. */
export function isEnabled(draft: RootDraft, unit: string): boolean {
  const wanting = draft.names(ownUnits).filter((name) => /\.(?:wants|requires)$/.test(name));
  return wanting.some((folder) => draft.has(`${ownUnits}/${folder}/${unit}`));
}

/** Enables a unit, masked or not; false when there is none. `name@instance.service` belongs to `name@.service`. */
export function enableUnit(draft: RootDraft, unit: string): boolean {
  if (draft.linkTarget(`${ownUnits}/${unit}`) === '/dev/null') draft.remove(`${ownUnits}/${unit}`);
  const path = findUnit(draft, unit.replace(/@[^.]+\./, '@.'));
  if (path === undefined) return false;
  const install = installSection(draft.text(path) ?? '');
  const links = [
    ...install('WantedBy').map((target) => `${target}.wants/${unit}`),
    ...install('RequiredBy').map((target) => `${target}.requires/${unit}`),
    ...install('Alias'),
  ];
  // A link that leads there already may have another spelling, such as /lib for /usr/lib.
  for (const link of links.map((name) => `${ownUnits}/${name}`))
    if (draft.whereIs(link) !== path) draft.link(link, path);
  return true;
}

/** Removes the links that make systemd start a unit. */
export function disableUnit(draft: RootDraft, unit: string): void {
  for (const folder of draft.names(ownUnits)) {
    if (/\.(?:wants|requires)$/.test(folder)) draft.remove(`${ownUnits}/${folder}/${unit}`);
  }
}

/** The words of a setting in a unit's section [Install]. */
function installSection(text: string): (setting: string) => string[] {
  const values = new Map<string, string[]>();
  let section = '';
  for (const line of linesOf(text)) {
    section = /^\s*\[(\w+)\]/.exec(line)?.[1] ?? section;
    const [, name, value = ''] = /^\s*(\w+)\s*=(.*)$/.exec(line) ?? [];
    if (section !== 'Install' || name === undefined) continue;
    // Names with specifiers or slashes are not for us to understand.
    const words = value.split(/\s+/).filter((word) => /^[\w:.@\\-]+$/.test(word));
    values.set(name, [...(values.get(name) ?? []), ...words]);
  }
  return (setting) => values.get(setting) ?? [];
}

export const needsSystemd = (what: string, hint: string): PiburnError =>
  failure('ROOT_NO_SYSTEMD', `${what} needs systemd, and the image has none`, { hint });
