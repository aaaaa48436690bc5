// Everything about the cards that comes from the image: the flavour, every node's patch, and the plan in figures. All
// errors of settings and of the boot partition come from here, before any card is opened.

import { closeSync, openSync } from 'node:fs';
import type { DetectedFlavour } from '../customise/detect.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import { shownSource } from '../image/resolve.js';
import type { Node, PatchBlock, Plan, PlannedCard } from '../protocol.js';
import type { Assignment } from './cards.js';
import { bootCustomiser, rootCustomiser } from './customisers.js';
import type { Order } from './order.js';
import type { Target } from './targets.js';

/** Everything about the cards that comes from the image. */
export interface Prepared {
  readonly assignments: readonly Assignment[];
  readonly cards: readonly PlannedCard[];
  readonly flavour?: DetectedFlavour;
}

/** Makes every node's patch: all errors of settings and of the boot partition come here, before any card is opened. */
export async function prepare(order: Order, image: OpenImage): Promise<Prepared> {
  const { nodes, devices } = order;
  if (nodes === undefined) {
    const cards = devices.map((_, index) => plannedCard(order, undefined, index));
    return { cards, assignments: cards.map((card) => ({ ...card, patch: [] })) };
  }
  const descriptor = openSync(image.path, 'r');
  try {
    const customiser = await (order.rootfs
      ? rootCustomiser(image, descriptor)
      : bootCustomiser(order, image, descriptor));
    const made: Made[] = [];
    for (const [index, node] of nodes.entries()) {
      const { patch, files } = await customiser.customise(node);
      const patchBytes = patch.reduce((sum, block) => sum + block.bytes.length, 0);
      made.push({ card: { ...plannedCard(order, node, index), files, patchBytes }, patch });
    }
    return {
      ...given({ flavour: customiser.flavour }),
      cards: made.map(({ card }) => card),
      assignments: made.map(({ card, patch }) => ({ ...card, patch })),
    };
  } finally {
    closeSync(descriptor);
  }
}

interface Made {
  readonly card: PlannedCard;
  readonly patch: readonly PatchBlock[];
}

/** Node i goes to slot i modulo the number of slots. */
export function plannedCard({ devices }: Order, node: Node | undefined, index: number): PlannedCard {
  const place = index % devices.length;
  return {
    slot: place + 1,
    round: Math.floor(index / devices.length),
    device: devices[place] ?? '',
    ...given({ hostname: node?.hostname, address: node?.ipv4 && `${node.ipv4.address}/${node.ipv4.prefixLength}` }),
    files: [],
    patchBytes: 0,
  };
}

export async function planOf(
  order: Order,
  image: OpenImage,
  targets: readonly Target[],
  prepared: Prepared,
): Promise<Plan> {
  const { options } = order;
  const { table } = image;
  const whole = table.state === 'whole' ? await image.whole : undefined;
  const writeBytes = whole && (options.full ? whole.imageBytes : table.usedBytes);
  return {
    image: {
      source: shownSource(options.image),
      layout: whole?.layout ?? [],
      ...given({
        name: image.name === options.image ? undefined : image.name,
        trustedBy: whole?.trustedBy,
        sizeBytes: table.totalBytes,
        writeBytes,
        skipBytes: whole && whole.imageBytes - (writeBytes ?? 0),
        flavour: prepared.flavour?.flavour,
        flavourReason: prepared.flavour?.reason,
      }),
    },
    targets: targets.map(({ description }) => description),
    cards: prepared.cards,
    verify: options.verify ?? true,
    full: options.full ?? false,
  };
}
