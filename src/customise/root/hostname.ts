// The host's own name, and the names of the other hosts of its cluster. Source of the formats: hostname(5), hosts(5).

import type { Node } from '../../protocol.js';
import { clusterHostLines } from '../flavours/cluster-hosts.js';
import type { RootDraft } from './root-draft.js';
import { mapLines, withBlock, withLines } from './text-lines.js';

const hostsFile = '/etc/hosts';
const freshHosts = '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n';

export function placeHostname(draft: RootDraft, node: Node): void {
  const { hostname } = node;
  const others = clusterHostLines(node);
  if (hostname !== '') draft.write('/etc/hostname', `${hostname}\n`);
  if (hostname === '' && others.length === 0) return;
  const before = draft.text(hostsFile) ?? freshHosts;
  const named = hostname === '' ? before : withOwnName(before, hostname);
  draft.write(hostsFile, others.length === 0 ? named : withBlock(named, others));
}

/** Debian's line for the host itself, in the place where it was; the rest belongs to others. */
function withOwnName(text: string, hostname: string): string {
  const own = `127.0.1.1\t${hostname}`;
  let isPlaced = false;
  const named = mapLines(text, (line) => {
    if (!/^\s*127\.0\.1\.1(?:\s|$)/.test(line)) return line;
    if (isPlaced) return undefined;
    isPlaced = true;
    return own;
  });
  return isPlaced ? named : withLines(named, [own]);
}
