// The other hosts of a node's cluster as lines for /etc/hosts (hosts(5)).

import type { Node } from '../../protocol.js';

/** They stand between two lines in /etc/hosts, so that writing them again replaces them. */
export const blockBegin = '# piburn begins';
export const blockEnd = '# piburn ends';

/** Without the node's own name, which stays at 127.0.1.1 as Debian has it. */
export function clusterHostLines(node: Node): string[] {
  const own = node.hostname.toLowerCase();
  const isOwn = (name: string) =>
    own !== '' && (name.toLowerCase() === own || name.toLowerCase().startsWith(`${own}.`));
  return (node.hosts ?? []).flatMap(({ address, names }) => {
    const others = names.filter((name) => !isOwn(name));
    return others.length === 0 ? [] : [[address, ...others].join(' ')];
  });
}
