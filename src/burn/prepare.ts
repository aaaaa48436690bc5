// Everything about the cards that comes from the image: the flavour, every node's patch, and the plan in figures. All
// errors of settings and of the boot partition come from here, before any card is opened.

import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chooseFlavour, customise, findBootPlace, imageReader } from '../customise/boot-volume.js';
import type { DetectedFlavour } from '../customise/detect.js';
import { given } from '../given.js';
import { available, type OpenImage } from '../image/image.js';
import type { Node, Plan, PlannedCard } from '../protocol.js';
import type { Assignment } from './cards.js';
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
  const { nodes, devices, options } = order;
  if (nodes === undefined) {
    const cards = devices.map((_, index) => plannedCard(order, undefined, index));
    return { cards, assignments: cards.map((card) => ({ ...card, patch: [] })) };
  }
  const descriptor = openSync(image.path, 'r');
  try {
    const read = imageReader(descriptor);
    const place = await findBootPlace(read, (endBytes) => available(image, endBytes));
    const flavour = chooseFlavour(read, place, options.flavour);
    const now = new Date();
    const burnId = `${now.toISOString().replace(/[-:]|\.\d+Z/g, '')}-${randomBytes(3).toString('hex')}`;
    const made = nodes.map((node, index) => {
      const { patch, files } = customise(read, place, flavour, node, burnId, now);
      const patchBytes = patch.reduce((sum, block) => sum + block.bytes.length, 0);
      return { card: { ...plannedCard(order, node, index), files, patchBytes }, patch };
    });
    return {
      flavour,
      cards: made.map(({ card }) => card),
      assignments: made.map(({ card, patch }) => ({ ...card, patch })),
    };
  } finally {
    closeSync(descriptor);
  }
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
      source: options.image,
      layout: whole?.layout ?? [],
      ...given({
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
