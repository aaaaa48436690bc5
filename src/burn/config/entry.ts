// One block of settings in a YAML file → values by name, each checked for what it may look like. What the values mean is
// checked later, with the labels that are made here.

import type { PiburnError } from '../../errors.js';
import { nearest } from './nearest.js';
import { type Base, placed } from './place.js';
import type { Settings, SettingValue } from './settings.js';
import { isNodeSetting, type Labels, type SettingName, settingNamed, settingNames, settingOf } from './settings.js';
import { complaint, printable, type Source } from './text-file.js';
import type { TextTree, Tree, TreeEntry } from './yaml-tree.js';

export interface Entry {
  readonly settings: Settings;
  readonly labels: Labels;
  /** Named without a value, and where. */
  readonly cleared: readonly Cleared[];
  readonly line: number;
}

export interface Cleared {
  readonly name: SettingName;
  readonly line: number;
}

export interface Reading extends Source, Base {}

/** Belongs to a moment, not to a cluster; and what makes piburn less careful is to be typed each time. */
const commandLineOnly = ['yes', 'dryrun', 'json', 'verbose', 'config', 'inventory'];
const carefulnessOnly = ['allow-fixed', 'allow-large', 'unmount'];

/** The settings of a block; `scope` is `node` for a block that describes nodes. */
export function readEntry(entries: readonly TreeEntry[], line: number, scope: 'run' | 'node', reading: Reading): Entry {
  const settings: Partial<Record<SettingName, SettingValue>> = {};
  const labels: Partial<Record<SettingName, string>> = {};
  const cleared: Cleared[] = [];
  for (const { key, line: keyLine, value } of entries) {
    const complain: Complain = (problem, hint) => complaint(reading, keyLine, problem, hint);
    const name = knownName(key, scope, complain);
    if (labels[name] !== undefined)
      throw complain(`${key} is the same setting as in ${labels[name]}`, 'remove one of the two');
    labels[name] = `${reading.file}:${keyLine}: ${key}`;
    const read = readValue(name, key, value, reading, complain);
    if (read === undefined) cleared.push({ name, line: keyLine });
    else settings[name] = read;
  }
  // The table of settings says which kind of value belongs to which name, and `readValue` goes by it.
  return { settings: settings as Settings, labels, cleared, line };
}

type Complain = (problem: string, hint: string) => PiburnError;

function knownName(key: string, scope: 'run' | 'node', complain: Complain): SettingName {
  const name = settingNamed(key);
  if (name === undefined) throw unknown(key, scope, complain);
  if (scope === 'node' && !isNodeSetting(name))
    throw complain(`${key} is the same for all nodes, and cannot be set for some`, 'write it at the top level');
  return name;
}

function unknown(key: string, scope: 'run' | 'node', complain: Complain): PiburnError {
  const shown = printable(key);
  if (commandLineOnly.includes(key))
    return complain(`${key} belongs on the command line, not into a file`, `say --${key}`);
  if (carefulnessOnly.includes(key))
    return complain(`${key} gives up a protection, and must be typed each time`, `say --${key} on the command line`);
  if (key === 'defaults')
    return complain('there is no block called defaults', 'write what all nodes share at the top level');
  const names: readonly string[] = scope === 'node' ? settingNames.filter(isNodeSetting) : ['nodes', ...settingNames];
  const near = nearest(key, names);
  if (near === undefined) return complain(`'${shown}' is no setting`, `there are: ${names.join(', ')}`);
  return complain(`'${shown}' is no setting; did you mean ${near}?`, `write ${exampleOf(near)}`);
}

function exampleOf(key: string): string {
  const name = settingNamed(key);
  return name === undefined ? `${key}: and below it one "- hostname: red001" for each node` : inYaml(name, key);
}

const inYaml = (name: SettingName, key: string): string => `${key}: ${settingOf(name).example}`;

/** Undefined: there is no value. */
function readValue(
  name: SettingName,
  key: string,
  value: Tree,
  reading: Reading,
  complain: Complain,
): SettingValue | undefined {
  if (isNothing(value)) return undefined;
  const { kind } = settingOf(name);
  const hint = `write it as ${inYaml(name, key)}`;
  if (value.kind === 'map') throw complain(`${key} must be ${inWords[kind]}, not a block of settings`, hint);
  if (kind === 'switch') {
    const flag = value.kind === 'text' ? parseSwitch(value.text) : undefined;
    if (flag !== undefined && value.kind === 'text' && value.isPlain) return flag;
    const found = value.kind === 'text' ? `'${printable(value.text)}'` : 'a list';
    throw complain(`${key} must be ${inWords[kind]}, not ${found}`, hint);
  }
  if (value.kind === 'text') return kind === 'list' ? [readText(value)] : readText(value);
  if (kind === 'text') throw complain(`${key} must be ${inWords[kind]}, not a list`, hint);
  if (value.items.length === 0) throw complain(`${key} is an empty list`, `${hint}, or leave it out`);
  const texts = value.items.map((item) => {
    if (item.kind !== 'text' || isNothing(item))
      throw complaint(reading, item.line, `${key} must be ${inWords[kind]}, and one of its items is no value`, hint);
    return readText(item);
  });
  return kind === 'hosts' ? texts.join(',') : texts;

  function readText({ text }: TextTree): string {
    return checkedText(name, key, text, reading, complain);
  }
}

const inWords = { text: 'one value', hosts: 'a hostlist', list: 'a value or a list of values', switch: 'yes or no' };

/** Nothing, `~`, and what YAML has called null since its first version. */
const isNothing = (value: Tree): boolean =>
  value.kind === 'text' && value.isPlain && ['', '~', 'null', 'Null', 'NULL'].includes(value.text);

/** `yes` and `no` in the words of YAML 1.1 and 1.2, in any case; undefined when it is neither. */
export function parseSwitch(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (['yes', 'true', 'on'].includes(word)) return true;
  return ['no', 'false', 'off'].includes(word) ? false : undefined;
}

/**
 * One value of a setting: on one line, not empty, with its path made absolute. The value itself is never shown, since it
 * may be a secret.
 */
export function checkedText(name: SettingName, key: string, text: string, base: Base, complain: Complain): string {
  if (text === '') throw complain(`${key} is empty`, `write ${inYaml(name, key)}, or leave it out`);
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text))
    throw complain(`there is a line break or another control character in ${key}`, 'write the value on one line');
  const { place } = settingOf(name);
  if (place === undefined) return text;
  const path = placed(text, place, base);
  if (path !== undefined) return path;
  throw complain(
    `${key} is a relative path, and the folder ${printable(base.folder)} would be taken for a hostlist`,
    'write absolute paths, or rename the folder to one without brackets, commas and spaces',
  );
}
