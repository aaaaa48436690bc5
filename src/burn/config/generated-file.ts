// Writes what others read after a burn (an inventory for Ansible, a fragment of a hosts file), and takes care not to
// take away what somebody else wrote.

import { statSync } from 'node:fs';
import { refusal, usageError } from '../../errors.js';
import { type Owner, readNow, replaceFile } from './replace-file.js';

/** The lines between which piburn's part of a file stands. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

const hostsOfThisMachine = '/etc/hosts';

/**
 * Writes a text to a file at once. With `markers`, which the text then begins and ends with, everything outside of them
 * stays; without them a file is replaced only if its first line is that of the text, so if it was made like this.
 * @throws PiburnError (refused) `HOSTS_OF_BURNER`, `FILE_FOREIGN`; (usage) `MARKERS`; `FILE_UNUSABLE`.
 */
export function writeGenerated(path: string, text: string, markers?: Markers, owner: Owner = {}): void {
  const now = readNow(path);
  refuseHosts(path, now.path);
  const before = now.text ?? '';
  const after = markers === undefined ? replaced(path, before, text) : merged(path, before, text, markers);
  if (after !== now.text) replaceFile(now.path, after, 0o644, owner);
}

/** The machine that burns is no node of the cluster, and its hosts file is not piburn's to change. */
function refuseHosts(named: string, path: string): void {
  const [hosts, file] = [hostsOfThisMachine, path].map((each) => statSync(each, { throwIfNoEntry: false }));
  const isSame = file !== undefined && hosts !== undefined && hosts.ino === file.ino && hosts.dev === file.dev;
  if (!isSame && path !== hostsOfThisMachine) return;
  throw refusal('HOSTS_OF_BURNER', `${named} is the hosts file of this machine, which piburn does not change`, {
    hint: 'say --hosts=cluster-hosts, look at that file, and append it: sudo tee -a /etc/hosts < cluster-hosts',
  });
}

function replaced(path: string, before: string, text: string): string {
  const [header] = text.split('\n');
  if (before.trim() === '' || before.split('\n')[0] === header) return text;
  throw refusal('FILE_FOREIGN', `${path} exists, and piburn did not make it`, {
    hint: 'name another file, or move that one away',
  });
}

function merged(path: string, before: string, text: string, { begin, end }: Markers): string {
  const lines = before.split('\n');
  const isMarker = (marker: string) => (line: string) => line.trim() === marker;
  const first = lines.findIndex(isMarker(begin));
  const last = lines.findIndex(isMarker(end));
  if (first === -1 && last === -1) return before === '' || before.endsWith('\n') ? before + text : `${before}\n${text}`;
  const isOnce = first === lines.findLastIndex(isMarker(begin)) && last === lines.findLastIndex(isMarker(end));
  if (first === -1 || last < first || !isOnce)
    throw usageError(
      'MARKERS',
      `${path}:${Math.max(first, last, 0) + 1}: "${begin}" and "${end}" do not stand there once, in this order`,
      {
        hint: 'put them back around the lines that piburn made, or remove both',
      },
    );
  return [...lines.slice(0, first), ...text.replace(/\n$/, '').split('\n'), ...lines.slice(last + 1)].join('\n');
}
