// What a new cluster is reached by, as text: a block for ssh, an inventory for Ansible, lines for a hosts file. Formats:
// ssh_config(5), Ansible's YAML inventory plugin, hosts(5).

import { usageError } from '../errors.js';

/** A node as others reach it. */
export interface ClusterNode {
  readonly hostname: string;
  /** IPv4 or IPv6, without a prefix length. */
  readonly address?: string;
  readonly address6?: string;
  readonly user?: string;
}

export interface ReachOptions {
  /** Who logs in where a node has no user of its own. */
  readonly user?: string;
  /** Path of the private key; undefined: whatever ssh tries by itself. */
  readonly identityFile?: string;
}

/** What a file begins with that piburn may replace as a whole. */
export const generatedHeader = '# Made by piburn, and made anew by each run that is asked for it.';

export const hostsBegin = '# piburn begins';
export const hostsEnd = '# piburn ends';

/**
 * A `Host` block for each node. A new card has new host keys, which are taken at the first login and held to then.
 * @throws PiburnError (usage) `REACH` for what the format cannot hold.
 */
export function renderSshConfig(nodes: readonly ClusterNode[], options: ReachOptions = {}): string {
  const identity = options.identityFile === undefined ? [] : identityLines(options.identityFile);
  return nodes.map((node) => blockOf(node, node.user ?? options.user, identity)).join('\n');
}

function blockOf(node: ClusterNode, user: string | undefined, identity: readonly string[]): string {
  const lines = [
    `HostName ${word(addressOf(node))}`,
    ...(user === undefined ? [] : [`User ${word(user)}`]),
    ...identity,
    'StrictHostKeyChecking accept-new',
  ];
  return `Host ${word(node.hostname)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Without a static address a node is found by multicast DNS, which every Raspberry Pi OS answers. */
const addressOf = ({ hostname, address, address6 }: ClusterNode): string => address ?? address6 ?? `${hostname}.local`;

/** Names and addresses have been checked long before; here a space or a * would mean something else. */
function word(text: string): string {
  if (/^[A-Za-z0-9._:-]+$/.test(text)) return text;
  throw usageError('REACH', `${JSON.stringify(text)} is neither a name nor an address`, {
    hint: 'use letters, digits, hyphens, dots and underscores',
  });
}

/** Double quotes hold a space in every OpenSSH; % begins a token there. */
const identityLines = (path: string): string[] => [
  `IdentityFile "${checkedPath(path).replaceAll('%', '%%')}"`,
  'IdentitiesOnly yes',
];

/** For what is in the way there is no escape: in older versions of OpenSSH for quotes, in all for variables. */
function checkedPath(path: string): string {
  if (!/["\\\p{Cc}]|\$\{|\{[{%#]/u.test(path)) return path;
  throw usageError(
    'REACH',
    `the path of the key ${JSON.stringify(path)} has something in it that ssh or Ansible would expand`,
    {
      hint: 'use a key whose path has no quotes, backslashes, braces and line breaks',
    },
  );
}

/** An inventory with every node under `all`, and how Ansible reaches it. */
export function renderAnsibleInventory(nodes: readonly ClusterNode[], options: ReachOptions = {}): string {
  const key = options.identityFile === undefined ? undefined : checkedPath(options.identityFile);
  const hosts = nodes.flatMap((node) => {
    const user = node.user ?? options.user;
    const variables: readonly (readonly [name: string, value: string | undefined])[] = [
      ['ansible_host', word(addressOf(node))],
      ['ansible_user', user],
      ['ansible_ssh_private_key_file', key],
      ['ansible_ssh_common_args', '-o StrictHostKeyChecking=accept-new'],
    ];
    const lines = variables.flatMap(([name, value]) =>
      value === undefined ? [] : `      ${name}: ${quotedYaml(value)}`,
    );
    return [`    ${quotedYaml(node.hostname)}:`, ...lines];
  });
  return `${[generatedHeader, 'all:', hosts.length === 0 ? '  hosts: {}' : '  hosts:', ...hosts].join('\n')}\n`;
}

/** YAML's double quotes (YAML 1.1 and 1.2): a host called `on` or `0123` stays a string. Other than ASCII is escaped. */
function quotedYaml(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~]/gu, (character) =>
    /["\\]/.test(character) ? `\\${character}` : codePointEscape(character.codePointAt(0) ?? 0),
  );
  return `"${escaped}"`;
}

const codePointEscape = (code: number): string => `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`;

/** Lines for a hosts file between two markers, by which a later run finds them; nodes without an address have none. */
export function renderHosts(nodes: readonly ClusterNode[]): string {
  const lines = nodes.flatMap(({ hostname, address, address6 }) =>
    [address, address6].flatMap((each) => (each === undefined ? [] : `${each}\t${hostname}`)),
  );
  return `${[hostsBegin, ...lines, hostsEnd].join('\n')}\n`;
}
