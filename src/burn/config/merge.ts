// Command line, config file and inventory → one set of settings: what is said on the command line wins over what a file
// says for a node, and that over what it says for all.

import { usageError } from '../../errors.js';
import { expandHostlist } from '../../hostlist.js';
import { checkNodes, expandAll, expandEntry, pairs } from './expand-nodes.js';
import { nearest } from './nearest.js';
import {
  type ConfigSettings,
  isNodeSetting,
  type Labels,
  type NodeSettings,
  type SettingName,
  type Settings,
  settingNames,
} from './settings.js';

export interface MergedSettings {
  /** Settings of the run. */
  readonly run: Settings;
  readonly labels: Labels;
  /** All nodes with everything that holds for them; none when nobody named any. */
  readonly nodes: readonly NodeSettings[];
  readonly warnings: readonly string[];
}

/**
 * Puts together what was said in different places. `--hostname` picks nodes out of a file that has some, in its own
 * order, and else makes them; `--ipaddr` and `--ip6addr` go to the nodes one by one. With an inventory the config file
 * gives the settings for all nodes, and has no nodes itself.
 * @throws PiburnError (usage) `NODES_TWICE`, `NODE_UNKNOWN`, `NO_HOSTNAME`, `HOSTLIST`, `COUNT_MISMATCH`, `DUPLICATE`,
 * `TOO_MANY_NODES`.
 */
export function mergeSettings(
  commandLine: Settings,
  config?: ConfigSettings,
  inventory?: ConfigSettings,
): MergedSettings {
  if (config !== undefined && inventory !== undefined) checkOneSource(config, inventory);
  const spoken = { settings: commandLine, labels: optionLabels(commandLine) };
  const common = { settings: config?.settings ?? {}, labels: config?.labels ?? {} };
  const source = [inventory, config].find((file) => file !== undefined && file.nodes.length > 0);
  const chosen = source === undefined ? namedNodes(spoken, common) : pickNodes(source, spoken);
  const nodes = withAddresses(chosen, spoken).map((node) => completed(node, common, spoken));
  checkNodes(nodes);
  return {
    run: pick({ ...common.settings, ...spoken.settings }, (name) => !isNodeSetting(name)),
    labels: { ...common.labels, ...spoken.labels },
    nodes,
    warnings: [...(config?.warnings ?? []), ...(inventory?.warnings ?? [])],
  };
}

/** Settings of one place, and what they are called there. */
interface Layer {
  readonly settings: Settings;
  readonly labels: Labels;
}

const optionLabels = (settings: Settings): Labels =>
  Object.fromEntries(settingNames.filter((name) => settings[name] !== undefined).map((name) => [name, `--${name}`]));

function checkOneSource(config: ConfigSettings, inventory: ConfigSettings): void {
  const { settings, labels } = config;
  const loose = settings.ipaddr === undefined ? labels.ip6addr : labels.ipaddr;
  const place = config.nodes[0]?.labels.hostname ?? ((settings.ipaddr ?? settings.ip6addr) ? loose : undefined);
  if (place === undefined) return;
  throw usageError('NODES_TWICE', `the nodes are those of ${inventory.file}, and ${place} describes some too`, {
    hint: 'leave --inventory out, or the nodes out of the config file',
  });
}

/** Nodes that no file has: those of `--hostname`. */
function namedNodes(spoken: Layer, common: Layer): NodeSettings[] {
  const { hostname, ipaddr = common.settings.ipaddr, ip6addr = common.settings.ip6addr } = spoken.settings;
  const labels = pick({ ...common.labels, ...spoken.labels }, isPaired);
  if (hostname !== undefined) {
    const settings = { hostname, ...(ipaddr && { ipaddr }), ...(ip6addr && { ip6addr }) };
    return expandAll([{ settings, labels, cleared: [], line: 0 }], expandEntry);
  }
  if (ipaddr === undefined && ip6addr === undefined) return [];
  const label = (ipaddr === undefined ? labels.ip6addr : labels.ipaddr) ?? '--ipaddr';
  throw usageError('NO_HOSTNAME', `${label}: there are addresses, and no host names for them`, {
    hint: 'say --hostname=red[001-003]',
  });
}

function pickNodes({ nodes, file }: ConfigSettings, { settings, labels }: Layer): readonly NodeSettings[] {
  if (settings.hostname === undefined) return nodes;
  const byName = new Map(nodes.map((node) => [node.settings.hostname.toLowerCase(), node]));
  return expandHostlist(settings.hostname, '--hostname').map((name) => {
    const node = byName.get(name.toLowerCase());
    if (node !== undefined) return { ...node, labels: { ...node.labels, hostname: labels.hostname ?? '--hostname' } };
    const near = nearest(name, [...byName.keys()]);
    throw usageError('NODE_UNKNOWN', `--hostname: ${file} has no node called '${name}'`, {
      hint: near === undefined ? `add it to ${file}` : `did you mean ${near}? or add it to ${file}`,
    });
  });
}

/** Addresses of the command line replace those of a file, one by one. */
function withAddresses(nodes: readonly NodeSettings[], { settings, labels }: Layer): NodeSettings[] {
  const hostnames = nodes.map((node) => node.settings.hostname);
  const ipaddr = pairs('ipaddr', settings.ipaddr, hostnames, labels);
  const ip6addr = pairs('ip6addr', settings.ip6addr, hostnames, labels);
  return nodes.map((node, index) => ({
    ...node,
    settings: { ...node.settings, ...ipaddr(index), ...ip6addr(index) },
    labels: {
      ...node.labels,
      ...pick(labels, (name) => ['ipaddr', 'ip6addr'].includes(name) && settings[name] !== undefined),
    },
  }));
}

/** What goes to nodes one by one, and is in them already. */
const isPaired = (name: SettingName): boolean => ['hostname', 'ipaddr', 'ip6addr'].includes(name);

function completed(node: NodeSettings, common: Layer, spoken: Layer): NodeSettings {
  const isShared = (name: SettingName): boolean => isNodeSetting(name) && !isPaired(name);
  const isInherited = (name: SettingName): boolean =>
    isShared(name) && !(node.cleared as readonly SettingName[]).includes(name);
  return {
    ...node,
    settings: { ...pick(common.settings, isInherited), ...node.settings, ...pick(spoken.settings, isShared) },
    labels: { ...pick(common.labels, isInherited), ...node.labels, ...pick(spoken.labels, isShared) },
  };
}

function pick<T extends Settings | Labels>(fields: T, isWanted: (name: SettingName) => boolean): T {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isWanted(name as SettingName))) as T;
}
