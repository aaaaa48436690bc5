// Other programs' readers for what piburn makes: PyYAML for cloud-init's files, sh for the calls of a script, nmcli for
// keyfiles, netplan for what NetworkManager and wpa_supplicant get from a network-config.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootFile } from '../../src/customise/flavours/index.js';

export const textOf = (files: readonly BootFile[], path: string): string => {
  const file = files.find((candidate) => candidate.path === path);
  assert.ok(file, `no ${path} among ${files.map((each) => each.path).join(', ')}`);
  return file.text;
};

export const hasPyYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What stands at a path in a value; undefined where there is nothing. Negative indices count from the end. */
export function dig(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    if (typeof step === 'number') found = Array.isArray(found) ? found.at(step) : undefined;
    else found = Object.entries(found).find(([key]) => key === step)?.[1];
  }
  return found;
}

/** The words of a command in cloud-init's user-data. */
export function wordsAt(value: Json | undefined, ...path: readonly (string | number)[]): string[] {
  const words = dig(value, ...path);
  assert.ok(Array.isArray(words), path.join('.'));
  return words.map(String);
}

/** The values of YAML texts as PyYAML reads them, with keys as JSON has them. */
export function pyYaml(texts: readonly string[]): Json[] {
  const reader = 'import json, sys, yaml; print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)]))';
  const { stdout, stderr } = spawnSync('python3', ['-c', reader], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

export interface Call {
  readonly values: readonly string[];
  readonly input: string;
}

/** The calls at the end of firstrun.sh as sh reads them: every function only writes down what it gets. */
export function callsOf(script: string): ReadonlyMap<string, Call> {
  const made = script.slice(script.indexOf('\n}\n', script.indexOf('take_itself_off() {')) + 3);
  const names = new Set(script.match(/^[a-z_]+(?=\(\) \{)/gm));
  const record = `record() { printf '\\036%s' "$1"; shift; printf '\\037%s' "$@"; printf '\\035'; cat; }`;
  const stubs = [...names].map((name) => `${name}() { record ${name} "$@"; }`);
  const { status, stdout, stderr } = spawnSync(
    'dash',
    ['-c', [record, ...stubs, `exec </dev/null\n${made}`].join('\n')],
    {
      encoding: 'utf8',
    },
  );
  assert.deepEqual([status, stderr], [0, '']);
  const calls = stdout.split('\x1e').slice(1);
  return new Map(
    calls.map((call) => {
      const [words = '', input = ''] = call.split('\x1d');
      const [name = '', ...values] = words.split('\x1f');
      return [name, { values, input }];
    }),
  );
}

/** `key=value` lines, by key; in a keyfile by `section.key`. */
export function linesByKey(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(.*)\]$/.exec(line)?.[1]?.concat('.') ?? section;
    const [, key, value = ''] = /^\s*(?:static )?([\w-]+)[= ](.*)$/.exec(line) ?? [];
    if (key !== undefined) found.set(section + key, value);
  }
  return found;
}

export const hasNmcli = spawnSync('nmcli', ['--version']).status === 0;

/** A keyfile as NetworkManager writes it again, its `ssid` decoded; it refuses one that it does not understand. */
export function nmcliReads(keyfile: string): { readonly keys: ReadonlyMap<string, string>; readonly ssid: string } {
  const { status, stdout, stderr } = spawnSync('nmcli', ['--offline', 'connection', 'modify'], {
    input: keyfile,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [0, ''], keyfile);
  const keys = linesByKey(stdout);
  return { keys, ssid: nmSsid(keys.get('wifi.ssid') ?? '') };
}

/** nmcli writes printable ASCII as text with `\s`, `\\` and `\\;`, and everything else as bytes. */
function nmSsid(value: string): string {
  if (/^(?:\d+;)+$/.test(value)) return Buffer.from(value.split(';').slice(0, -1).map(Number)).toString();
  return value.replace(/\\(.)/g, (_, letter) => (letter === 's' ? ' ' : letter)).replaceAll('\\;', ';');
}

export const hasNetplan = spawnSync('sh', ['-c', 'command -v netplan']).status === 0;

/** The files that netplan makes for a renderer, by name. `folder` is used as its root and emptied first. */
export function netplanMakes(folder: string, config: string, renderer: 'NetworkManager' | 'networkd') {
  for (const name of ['etc', 'run']) rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, 'etc/netplan'), { recursive: true });
  const files = { '50-cloud-init.yaml': config, '00-renderer.yaml': `network: {version: 2, renderer: ${renderer}}\n` };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'etc/netplan', name), text);
    chmodSync(join(folder, 'etc/netplan', name), 0o600);
  }
  const { status, stderr } = spawnSync('netplan', ['generate', '--root-dir', folder], { encoding: 'utf8' });
  assert.equal(status, 0, `${stderr}\n${config}`);
  const places = ['run/NetworkManager/system-connections', 'run/netplan', 'run/systemd/network'];
  return new Map(
    places.flatMap((place) => {
      const names = namesIn(join(folder, place));
      return names.map((name) => [name, readFileSync(join(folder, place, name), 'utf8')] as const);
    }),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export const hasWpaSupplicant = !spawnSync('wpa_supplicant', ['-v']).error;

/** What wpa_supplicant understands of a configuration, of each network in it; the interface does not exist, so it ends. */
export function wpaSupplicantReads(
  path: string,
): readonly { readonly ssid: string; readonly psk: string | undefined }[] {
  const args = ['-dd', '-K', '-i', 'piburn-none', '-D', 'none', '-c', path];
  const { stdout } = spawnSync('wpa_supplicant', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  assert.doesNotMatch(stdout, /Line \d+: (?:failed|invalid|unknown)/, stdout);
  return stdout
    .split('start of a new network block\n')
    .slice(1)
    .map((block) => {
      const [, dump = ''] = /^ssid - hexdump_ascii\(len=\d+\):\n((?: {5}.*\n)+)/m.exec(block) ?? [];
      const hex = dump.split('\n').map((line) => line.slice(5, 5 + 16 * 3).replaceAll(' ', ''));
      const [, psk] = /^PSK - hexdump\(len=32\): (.*)$/m.exec(block) ?? [];
      return { ssid: Buffer.from(hex.join(''), 'hex').toString(), psk: psk?.replaceAll(' ', '') };
    });
}
