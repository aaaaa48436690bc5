// What is to be done, checked as far as words can be checked: targets and nodes, before anything is looked at.

import { usageError } from '../errors.js';
import type { Node } from '../protocol.js';
import { planNodes } from './nodes.js';
import type { BurnOptions, CreateOptions } from './options.js';
import { expandDevices } from './targets.js';

/** A burn: plain words for what is wanted, with the nodes, if each card shall be its own. */
export interface Order {
  readonly options: BurnOptions & Pick<CreateOptions, 'flavour'>;
  readonly devices: readonly string[];
  /** Undefined: the image alone, one card for each device. */
  readonly nodes: readonly Node[] | undefined;
}

/** The order of `burn`: the image as it is. */
export const orderBurn = (options: BurnOptions): Order => ({
  options: checkOptions(options),
  devices: expandDevices(options.device),
  nodes: undefined,
});

/** The order of `create`: one node for each host name, over as many slots as there are. */
export function orderCreate(options: CreateOptions): Order {
  const order = { options: checkOptions(options), devices: expandDevices(options.device), nodes: planNodes(options) };
  if (order.devices.length > order.nodes.length)
    throw usageError(
      'COUNT_MISMATCH',
      `--device names ${order.devices.length} targets, --hostname only ${order.nodes.length}`,
      { hint: 'give a name for each target, or fewer targets' },
    );
  return order;
}

function checkOptions<T extends BurnOptions>(options: T): T {
  const { blockBytes, fileBytes, stallTimeoutMs } = options;
  if (blockBytes !== undefined && (blockBytes < 4096 || blockBytes % 4096 !== 0))
    throw usageError('BLOCKSIZE', `a block size of ${blockBytes} bytes is not a multiple of 4096`, {
      hint: 'say --blocksize=1M or --blocksize=4M',
    });
  if (fileBytes !== undefined && (fileBytes < 4096 || fileBytes % 512 !== 0))
    throw usageError('SIZE', `a card of ${fileBytes} bytes is too small or not made of whole sectors`, {
      hint: 'say --size=8G',
    });
  if (stallTimeoutMs !== undefined && !(stallTimeoutMs >= 1000))
    throw usageError('STALL_TIMEOUT', 'a stall time-out under one second would give up good cards', {
      hint: 'say --stall-timeout=120',
    });
  return options;
}

/** Cards can only be changed when somebody is there to change them. */
export function checkRounds({ options, devices, nodes }: Order): void {
  if (nodes === undefined || nodes.length <= devices.length || options.attended) return;
  if (devices.every((device) => !device.startsWith('/dev/'))) return;
  throw usageError(
    'MORE_NODES_THAN_SLOTS',
    `${nodes.length} nodes need more than the ${devices.length} targets, and there is no terminal to ask for the next card`,
    { hint: 'run piburn in a terminal, or burn as many nodes as there are slots' },
  );
}

/** What is allowed, but perhaps not meant. */
export function doubts({ options, devices, nodes }: Order): string[] {
  const lonely = nodes?.some(({ user }) => user === undefined) ?? false;
  const crowded = !options.attended && nodes !== undefined && nodes.length > devices.length;
  return [
    ...(options.verify === false ? ['nothing is read back (--no-verify): a bad or fake card will go unnoticed'] : []),
    ...(lonely ? ['neither --sshkey nor a password was given: only users that the image has itself can log in'] : []),
    ...(crowded ? ['more nodes than files: each file ends as the last of its nodes, unless you move it away'] : []),
  ];
}
