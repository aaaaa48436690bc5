// `--ssh-config`: the nodes of a burn in ~/.ssh/config.d/piburn, a file that is piburn's alone, and one line at the top
// of ~/.ssh/config that includes it. What ssh_config(5) says holds: of several values for one host the first one counts.

import { chownSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, failure } from '../errors.js';
import { checkOwner, type Owner, readNow, replaceFile } from './config/replace-file.js';

/** Whose ssh is configured; under sudo, the one's who called it. */
export interface SshHome extends Owner {
  /** The home directory. */
  readonly home: string;
}

export interface SshConfigPlan {
  /** The file with the nodes' blocks, links followed. */
  readonly path: string;
  readonly text: string;
  readonly isChanged: boolean;
  /** Hosts of earlier runs that stay. */
  readonly kept: readonly string[];
  /** True when ~/.ssh/config does not include the file yet, so that ssh would not see it. */
  readonly lacksInclude: boolean;
}

const header =
  '# Made by piburn --ssh-config: one block for each node. Blocks of nodes that are burned again are replaced.\n';
const includeLine = 'Include config.d/piburn';

/**
 * What would be written: `blocks` (as `renderSshConfig` makes them) in place of those of the same hosts, or after the
 * others. Nothing is changed by this.
 * @throws PiburnError `FILE_UNUSABLE`; (refused) `FOREIGN_OWNER`.
 */
export function planSshConfig(blocks: string, { home, ...owner }: SshHome): SshConfigPlan {
  const path = join(home, '.ssh', 'config.d', 'piburn');
  const now = isThere(dirname(path)) ? readNow(path) : { path };
  checkOwner(now.path, owner);
  const fresh = splitBlocks(blocks).blocks;
  const { head, blocks: before } = splitBlocks(now.text || header);
  const names = new Set(fresh.map(({ host }) => host));
  const kept = before.filter(({ host }) => host === undefined || !names.has(host));
  // Whatever a person wrote into the file stays where it is, and keeps its weight against what follows.
  const merged = before.map((block) => fresh.find(({ host }) => host !== undefined && host === block.host) ?? block);
  const added = fresh.filter(({ host }) => !before.some((block) => block.host === host));
  const text = withGaps(head, [...new Set(merged), ...added]);
  return {
    path: now.path,
    text,
    isChanged: text !== now.text,
    kept: kept.flatMap(({ host }) => host ?? []),
    lacksInclude: !isIncluded(home),
  };
}

/** Does what `planSshConfig` planned: directories 0700, the file 0600. @throws PiburnError as above. */
export function applySshConfig(plan: SshConfigPlan, { home, ...owner }: SshHome): void {
  makeFolder(join(home, '.ssh'), owner);
  makeFolder(join(home, '.ssh', 'config.d'), owner);
  if (plan.isChanged) replaceFile(plan.path, plan.text, 0o600, owner);
}

/** Puts the Include at the top of ~/.ssh/config, unless it is there. Returns whether it had to. @throws as above. */
export function addInclude({ home, ...owner }: SshHome): boolean {
  if (isIncluded(home)) return false;
  makeFolder(join(home, '.ssh'), owner);
  const now = readNow(join(home, '.ssh', 'config'));
  checkOwner(now.path, owner);
  replaceFile(now.path, now.text ? `${includeLine}\n\n${now.text}` : `${includeLine}\n`, 0o600, owner);
  return true;
}

interface Block {
  /** The one host that the block is for; undefined for blocks of several hosts, patterns and conditions. */
  readonly host?: string;
  readonly text: string;
}

/** A block begins at `Host` or `Match` and goes on to the next one. */
function splitBlocks(text: string): { head: string; blocks: Block[] } {
  // A line end more at the beginning, so that a block in the first line is cut off like all others.
  const [head = '', ...blocks] = `\n${text}`.split(/\n(?=[ \t]*(?:Host|Match)[ \t=])/i);
  return { head: head.replace('\n', ''), blocks: blocks.map((block) => ({ text: block, ...hostOf(block) })) };
}

function hostOf(block: string): { host?: string } {
  const host = /^[ \t]*Host(?:[ \t]*=[ \t]*|[ \t]+)"?([A-Za-z0-9.-]+)"?[ \t]*(?:\r?\n|$)/i.exec(block)?.[1];
  return host === undefined ? {} : { host };
}

const withGaps = (head: string, blocks: readonly Block[]): string =>
  `${[head, ...blocks.map(({ text }) => text)]
    .map((part) => part.trimEnd())
    .filter((part) => part !== '')
    .join('\n\n')}\n`;

/** Whether ~/.ssh/config includes the file for all hosts: an Include below a `Host` or `Match` counts for these only. */
function isIncluded(home: string): boolean {
  const folder = join(home, '.ssh');
  if (!isThere(folder)) return false;
  const { head } = splitBlocks(readNow(join(folder, 'config')).text ?? '');
  return head.split(/\r?\n/).some((line) => {
    const patterns = /^[ \t]*Include(?:[ \t]*=[ \t]*|[ \t]+)(.*)$/i.exec(line)?.[1] ?? '';
    const words = patterns.match(/"[^"]*"|[^\s"]+/g) ?? [];
    return words.some((word) => matches(word.replaceAll('"', ''), folder, home));
  });
}

/** Whether a pattern of an Include, relative to ~/.ssh, takes in the file; brackets are not looked into. */
function matches(pattern: string, folder: string, home: string): boolean {
  const path = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : resolve(folder, pattern);
  const expression = path
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${expression}$`).test(join(folder, 'config.d', 'piburn'));
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Makes a directory where there is none. One that is there must be the owner's, as must be the one above it. */
function makeFolder(path: string, owner: Owner): void {
  checkOwner(path, owner);
  if (isThere(path)) return;
  try {
    mkdirSync(path, { mode: 0o700 });
    if (owner.uid !== undefined || owner.gid !== undefined) chownSync(path, owner.uid ?? -1, owner.gid ?? -1);
  } catch (error) {
    throw failure('FILE_UNUSABLE', `the directory ${path} cannot be made (${errnoOf(error) ?? 'unknown error'})`, {
      hint: 'make it yourself: mkdir -m 700, as the user whose ssh it is for',
    });
  }
}
