// The node that cloud-init's files on a boot partition ask for: the reverse of ../flavours/cloud-user-data.ts and
// ../flavours/netplan.ts, for files that piburn has written. In files of others it sees what it knows.

import { given } from '../../given.js';
import type { HostEntry, Node, NodeUser } from '../../protocol.js';
import { blockBegin } from '../flavours/cluster-hosts.js';
import { readYamlMapping, type YamlValue } from '../flavours/yaml.js';
import { readNetplan } from './netplan.js';
import { textIn, type VolumeView } from './view.js';
import { asMapping, mappingAt, stringsIn, textAt, type YamlMapping } from './yaml-reading.js';

export interface CloudFiles {
  readonly userData: YamlMapping;
  readonly metaData: YamlMapping;
  readonly networkConfig: YamlMapping | undefined;
}

/** The three files; what is missing or says nothing (an image's own are all comments) is empty. */
export function readCloudFiles(boot: VolumeView): CloudFiles {
  const mapping = (path: string) => readYamlMapping(textIn(boot, path) ?? '');
  return {
    userData: mapping('user-data') ?? {},
    metaData: mapping('meta-data') ?? {},
    networkConfig: mapping('network-config'),
  };
}

/** `firstboot` is what lies on the boot partition; empty text where the script has left it already. */
export function readCloudNode(
  files: CloudFiles,
  kernelCountry: string | undefined,
  firstboot: string | undefined,
): Node {
  const { userData, networkConfig } = files;
  const network = networkConfig === undefined ? { dns: [] } : readNetplan(networkConfig);
  const commands = Array.isArray(userData['runcmd']) ? userData['runcmd'] : [];
  const turnsRadioOn = commands.some((command) => stringsIn(command)[2]?.startsWith('unblock_wifi()'));
  const hasFirstboot = stringsIn(firstOf(userData['bootcmd']))[2]?.startsWith('# install_firstboot') === true;
  return {
    hostname: textAt(userData, 'hostname') ?? '',
    ...network,
    ...given({
      country: network.country ?? (turnsRadioOn && network.wifi === undefined ? kernelCountry : undefined),
      user: userIn(userData),
      locale: textAt(userData, 'locale'),
      timezone: textAt(userData, 'timezone'),
      keymap: keymapIn(mappingAt(userData, 'keyboard')),
      hosts: hostsIn(commands),
      firstboot: hasFirstboot ? (firstboot ?? '') : undefined,
    }),
  };
}

const firstOf = (value: YamlValue | undefined): YamlValue | undefined => (Array.isArray(value) ? value[0] : undefined);

/** piburn writes `user:`; others a list, whose first entry of its own is the one to log in as. */
function userIn(userData: YamlMapping): NodeUser | undefined {
  const list = Array.isArray(userData['users']) ? userData['users'] : [];
  const user = mappingAt(userData, 'user') ?? list.map(asMapping).find((each) => each !== undefined);
  const name = textAt(user, 'name');
  if (user === undefined || name === undefined) return undefined;
  const isLocked = user['lock_passwd'] !== false;
  return {
    name,
    authorizedKeys: stringsIn(user['ssh_authorized_keys']),
    ...given({ passwordHash: isLocked ? undefined : (textAt(user, 'passwd') ?? textAt(user, 'hashed_passwd')) }),
  };
}

function keymapIn(keyboard: YamlMapping | undefined): string | undefined {
  const layout = textAt(keyboard, 'layout');
  const variant = textAt(keyboard, 'variant') ?? '';
  return layout === undefined || variant === '' ? layout : `${layout}(${variant})`;
}

/** The lines that follow `sh -c SCRIPT piburn`. */
function hostsIn(commands: readonly YamlValue[]): HostEntry[] | undefined {
  const call = commands.map(stringsIn).find((words) => words[2]?.includes(`'${blockBegin}'`));
  return call && readHostLines(call.slice(4));
}

/** Lines of hosts(5). */
export const readHostLines = (lines: readonly string[]): HostEntry[] =>
  lines.flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.length === 0 ? [] : [{ address, names }];
  });
