// A file with a password in it that others can read: worth a word, never the password itself.

import {
  type ConfigSettings,
  type Labels,
  type SettingName,
  type Settings,
  settingNames,
  settingOf,
} from './settings.js';

/** Warnings about secrets in a file; `sharedMode` is the mode of one that others than its owner may read. */
export function warnOfSecrets(
  { file, settings, labels, nodes }: Omit<ConfigSettings, 'warnings'>,
  sharedMode: number | undefined,
): string[] {
  if (sharedMode === undefined) return [];
  const places = [{ settings, labels }, ...nodes].flatMap((each) => secretsOf(each.settings, each.labels));
  const [first] = places;
  if (first === undefined) return [];
  const mode = sharedMode.toString(8).padStart(4, '0');
  return [`${first} is a secret, and others than the file's owner can read it (mode ${mode}): chmod 600 ${file}`];
}

const secretNames = settingNames.filter((name) => settingOf(name).secret);

const secretsOf = (settings: Settings, labels: Labels): string[] =>
  secretNames
    .filter((name) => settings[name] !== undefined && !isRandom(name, settings))
    .map((name) => labels[name] ?? name);

/** `passwd: random` asks for a password, and is none. */
const isRandom = (name: SettingName, settings: Settings): boolean => name === 'passwd' && settings.passwd === 'random';
