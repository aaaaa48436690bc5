// `--config=FILE`: every setting of a run in one YAML file. It has one form: settings by the names of the command line's
// options at the top level, for the run and for all nodes, and under `nodes` a list of blocks, each for one node or a
// hostlist of them, with what is different there:
//
//     image: latest-lite
//     device: /dev/sd[a-f]
//     sshkey: default
//     gateway: 10.1.1.1
//     nodes:
//       - hostname: red
//         ipaddr: 10.1.1.1/24
//         gateway: ~            # none here
//       - hostname: red[001-003]
//         ipaddr: 10.1.1.[2-4]/24
//
// Without `nodes`, `hostname` and the addresses may stand at the top level, as hostlists.

import type { PiburnError } from '../../errors.js';
import { type Cleared, type Entry, type Reading, readEntry } from './entry.js';
import { expandAll, expandEntry } from './expand-nodes.js';
import { baseOf } from './place.js';
import { warnOfSecrets } from './secrets.js';
import { type ConfigSettings, isNodeSetting, type NodeSettings, settingOf } from './settings.js';
import { complaint, fileError, readTextFile } from './text-file.js';
import { type MapTree, parseYaml, type Tree, type TreeEntry } from './yaml-tree.js';

/**
 * Reads a config file of at most 1 MiB. `home` is what `~` means in it.
 * @throws PiburnError (usage) with file and line: `CONFIG`, `HOSTLIST`, `COUNT_MISMATCH`, `DUPLICATE`, `TOO_MANY_NODES`.
 */
export function readConfig(path: string, home?: string): ConfigSettings {
  const file = readTextFile(path, '--config');
  const reading: Reading = { file: file.file, option: file.option, ...baseOf(path, home) };
  const root = rootOf(parseYaml(file.text, file), reading);
  const list = root.entries.find(({ key }) => key === 'nodes');
  const rest = root.entries.filter((entry) => entry !== list);
  const top = withoutGaps(readEntry(rest, root.line, 'run', reading), reading);
  const nodes = list === undefined ? nodesAtTop(top) : nodesOf(list, top, reading);
  const settings = list === undefined && nodes.length > 0 ? withoutNames(top.settings) : top.settings;
  const config = { file: file.file, settings, labels: top.labels, nodes };
  return { ...config, warnings: warnOfSecrets(config, file.sharedMode) };
}

const example = 'write lines such as "image: latest-lite"; the README has an example';

function rootOf(root: Tree | undefined, reading: Reading): MapTree {
  if (root === undefined) throw fileError(reading, 'is empty', example);
  if (root.kind !== 'map') throw complaint(reading, root.line, 'this is no block of settings', example);
  return root;
}

/** At the top level there is nothing yet that an empty value could take back. */
function withoutGaps(top: Entry, reading: Reading): Entry {
  const [gap] = top.cleared;
  if (gap !== undefined) throw noValue(gap, reading);
  return top;
}

function noValue({ name, line }: Cleared, reading: Reading): PiburnError {
  const hint = `write ${name}: ${settingOf(name).example}, or leave it out; what means something to YAML needs quotes`;
  return complaint(reading, line, `${name} has no value`, hint);
}

function nodesAtTop(top: Entry): NodeSettings[] {
  const { hostname, ipaddr, ip6addr } = top.settings;
  if (hostname === undefined) return [];
  const settings = { hostname, ...(ipaddr && { ipaddr }), ...(ip6addr && { ip6addr }) };
  return expandAll([{ ...top, settings }], expandEntry);
}

const namesOf = ['hostname', 'ipaddr', 'ip6addr'] as const;

function withoutNames(settings: Entry['settings']): Entry['settings'] {
  const { hostname, ipaddr, ip6addr, ...others } = settings;
  return others;
}

function nodesOf(list: TreeEntry, top: Entry, reading: Reading): NodeSettings[] {
  const twice = namesOf.find((name) => top.settings[name] !== undefined);
  if (twice !== undefined)
    throw complaint(
      reading,
      list.line,
      `nodes are described here and by ${twice} at the top level (${top.labels[twice]})`,
      `move ${twice} into the list under nodes`,
    );
  const { value } = list;
  if (value.kind !== 'list' || value.items.length === 0)
    throw complaint(reading, list.line, 'nodes must be a list of blocks', 'write "- hostname: red001" below nodes:');
  return expandAll(value.items, (item) => nodesOfBlock(item, top, reading));
}

function nodesOfBlock(item: Tree, top: Entry, reading: Reading): NodeSettings[] {
  if (item.kind !== 'map')
    throw complaint(reading, item.line, 'a node must be a block of settings', 'write "- hostname: red001"');
  const entry = readEntry(item.entries, item.line, 'node', reading);
  const { hostname } = entry.settings;
  if (hostname === undefined)
    throw complaint(reading, item.line, 'this node has no hostname', 'write "- hostname: red001"');
  const needless = entry.cleared.find(({ name }) => !isNodeSetting(name) || top.settings[name] === undefined);
  if (needless !== undefined) throw noValue(needless, reading);
  return expandEntry({ ...entry, settings: { ...entry.settings, hostname } });
}
