// Whose settings are on a boot partition, and what they ask for. Files count as piburn's when making them again from what
// was read in them gives the same bytes: then nothing is lost when one setting is changed and all are written anew.

import { PiburnError } from '../../errors.js';
import { given } from '../../given.js';
import type { Node } from '../../protocol.js';
import type { DetectedFlavour } from '../detect.js';
import { firstbootPath } from '../flavours/firstboot.js';
import { type BootFile, type BootFiles, flavours } from '../flavours/index.js';
import { type CloudFiles, readCloudFiles, readCloudNode } from './cloud-node.js';
import { isStockNetwork } from './netplan.js';
import { readScriptNode } from './script-node.js';
import { textIn, type VolumeView } from './view.js';
import { textAt } from './yaml-reading.js';

export interface BootSettings {
  readonly node: Node;
  /** `image`: nobody has asked for anything yet. */
  readonly origin: 'piburn' | 'image' | 'others';
  /** Files of settings that neither piburn nor the image has made; or that somebody has changed since. */
  readonly foreign: readonly string[];
  readonly instanceId?: string;
  readonly burnId?: string;
}

type Read = Omit<BootSettings, 'origin' | 'foreign'>;

const cmdlinePaths = ['current/cmdline.txt', 'cmdline.txt'];

/** What a flavour may look at. */
export function bootFilesOf(boot: VolumeView): BootFiles {
  const cmdlinePath = cmdlinePaths.find((path) => boot.exists(path));
  const cmdline = cmdlinePath === undefined ? '' : (textIn(boot, cmdlinePath) ?? '');
  return { cmdline, ...given({ cmdlinePath, userData: textIn(boot, 'user-data') }) };
}

export function readBootSettings(boot: VolumeView, how: DetectedFlavour): BootSettings {
  if (how.flavour === 'cloudinit' || how.flavour === 'ubuntu') return readCloud(boot, how);
  return how.flavour === 'none' ? { node: nothing, origin: 'image', foreign: [] } : readScript(boot, how);
}

const nothing: Node = { hostname: '', dns: [] };

/** The country in the kernel's command line. */
export const kernelCountryOf = (boot: VolumeView): string | undefined =>
  /(?:^|\s)cfg80211\.ieee80211_regdom=([A-Z]{2})(?:\s|$)/.exec(bootFilesOf(boot).cmdline)?.[1];

function readCloud(boot: VolumeView, how: DetectedFlavour): BootSettings {
  const files = readCloudFiles(boot);
  const kernelCountry = kernelCountryOf(boot);
  const seen = readCloudNode(files, kernelCountry, textIn(boot, firstbootPath));
  const node = how.flavour === 'ubuntu' && kernelCountry !== undefined ? { ...seen, country: kernelCountry } : seen;
  const instanceId = textAt(files.metaData, 'instance-id');
  const prefix = ['piburn', node.hostname].filter((part) => part !== '').join('-');
  const burnId = instanceId?.startsWith(`${prefix}-`) ? instanceId.slice(prefix.length + 1) : undefined;
  const read: Read = { node, ...given({ instanceId, burnId }) };
  if (burnId === undefined) {
    const foreign = foreignOf(files, how);
    return { ...read, origin: foreign.length === 0 ? 'image' : 'others', foreign };
  }
  return judged(read, changedSince(boot, how, node, burnId, ['user-data', 'meta-data', 'network-config']));
}

/** What the images bring: comments, and at Ubuntu a first login. */
function foreignOf({ userData, metaData, networkConfig }: CloudFiles, { flavour }: DetectedFlavour): string[] {
  const login = flavour === 'ubuntu' ? ['chpasswd', 'ssh_pwauth', 'password'] : [];
  const has = (file: object, known: readonly string[]) => Object.keys(file).some((key) => !known.includes(key));
  return [
    ...(has(userData, login) ? ['user-data'] : []),
    ...(has(metaData, ['dsmode', 'instance-id', 'instance_id']) ? ['meta-data'] : []),
    ...(isStockNetwork(networkConfig) ? [] : ['network-config']),
  ];
}

/** The last one is there only while the script has not run, so its absence says nothing. */
function readScript(boot: VolumeView, how: DetectedFlavour): BootSettings {
  const script = textIn(boot, 'firstrun.sh');
  const wpaSupplicant = how.flavour === 'legacy' ? textIn(boot, 'wpa_supplicant.conf') : undefined;
  if (script === undefined) {
    return {
      node: nothing,
      origin: wpaSupplicant === undefined ? 'image' : 'others',
      foreign: wpaSupplicant === undefined ? [] : ['wpa_supplicant.conf'],
    };
  }
  const read = readScriptNode(script, wpaSupplicant, textIn(boot, firstbootPath));
  if (read === undefined) return { node: nothing, origin: 'others', foreign: ['firstrun.sh'] };
  return judged(
    read,
    changedSince(boot, how, read.node, read.burnId ?? 'unknown', ['firstrun.sh', 'wpa_supplicant.conf']),
  );
}

const judged = (read: Read, foreign: readonly string[]): BootSettings => ({
  ...read,
  origin: foreign.length === 0 ? 'piburn' : 'others',
  foreign,
});

/** Those of the files that do not come out the same when they are made again. */
function changedSince(
  boot: VolumeView,
  how: DetectedFlavour,
  node: Node,
  burnId: string,
  paths: readonly string[],
): string[] {
  const made = makeAgain(boot, how, node, burnId);
  return paths.filter((path) => {
    const now = textIn(boot, path);
    const again = made?.find((file) => file.path === path)?.text;
    if (now === undefined) return again !== undefined;
    // Without a network of its own a card keeps the image's file.
    if (path === 'network-config' && again === undefined) return !isStockNetwork(readCloudFiles(boot).networkConfig);
    return again === undefined || comparable(again) !== comparable(now);
  });
}

/** The id of a connection is made from the burn's, which a script does not tell. */
const comparable = (text: string): string => text.replaceAll(/^uuid=[0-9a-f-]{36}$/gm, 'uuid=');

function makeAgain(boot: VolumeView, how: DetectedFlavour, node: Node, burnId: string): BootFile[] | undefined {
  try {
    const { flavour, bootMount } = how;
    // A script that has run is not there any more, and what was in it makes no difference to the other files.
    const asked = node.firstboot === '' ? { ...node, firstboot: '#!/bin/sh\n' } : node;
    return flavours[flavour].files({ node: asked, boot: bootFilesOf(boot), burnId, bootMount });
  } catch (error) {
    if (error instanceof PiburnError) return undefined;
    throw error;
  }
}
