// Everything about the cards that comes from the image: the flavour, every node's patch, and the plan in figures. All
// errors of settings and of the boot partition come from here, before any card is opened.

import { closeSync, openSync } from 'node:fs';
import type { DetectedFlavour } from '../customise/detect.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import { shownSource } from '../image/resolve.js';
import type { Node, Plan, PlannedCard } from '../protocol.js';
import { bootCustomiser, rootCustomiser } from './customisers.js';
import type { Order } from './order.js';
import type { Work } from './queue.js';
import type { Slot } from './slot.js';
import type { SlotNow } from './slot-look.js';

/** Everything about the cards that comes from the image. */
export interface Prepared {
  readonly works: readonly Work[];
  readonly flavour?: DetectedFlavour;
}

/** Makes every node's patch. Without nodes there is a card for each slot, with the image as it is. */
export async function prepare(order: Order, image: OpenImage, slots: readonly Slot[]): Promise<Prepared> {
  const { nodes } = order;
  if (nodes === undefined) {
    const works = slots.map((_, index) => ({
      index,
      card: plannedCard(slots, undefined, index),
      patch: [],
      attempts: 0,
    }));
    return { works };
  }
  const descriptor = openSync(image.path, 'r');
  try {
    const customiser = await (order.rootfs
      ? rootCustomiser(image, descriptor)
      : bootCustomiser(order, image, descriptor));
    const works: Work[] = [];
    for (const [index, node] of nodes.entries()) {
      const { patch, files } = await customiser.customise(node);
      const patchBytes = patch.reduce((sum, block) => sum + block.bytes.length, 0);
      works.push({ index, card: { ...plannedCard(slots, node, index), files, patchBytes }, patch, attempts: 0 });
    }
    return { works, ...given({ flavour: customiser.flavour }) };
  } finally {
    closeSync(descriptor);
  }
}

/** The first nodes belong to the slots in their order; the others go to whichever slot is ready first. */
function plannedCard(slots: readonly Slot[], node: Node | undefined, index: number): PlannedCard {
  const at = slots[index];
  return {
    ...given({
      slot: at?.slot,
      device: at?.device,
      place: at?.place,
      hostname: node?.hostname,
      address: node?.ipv4 && `${node.ipv4.address}/${node.ipv4.prefixLength}`,
    }),
    files: [],
    patchBytes: 0,
  };
}

/** The plan; before the patches are made (`prepared` undefined) it is what the one question shows. */
export async function planOf(
  order: Order,
  image: OpenImage,
  ready: readonly SlotNow[],
  prepared?: Prepared,
): Promise<Plan> {
  const { options, nodes } = order;
  const slots = ready.map(({ slot }) => slot);
  const names = nodes ?? slots.map(() => undefined);
  return {
    image: await imageOf(order, image, prepared),
    targets: ready.flatMap(({ target }) => target?.description ?? []),
    notReady: ready.flatMap(({ slot, trouble }) =>
      trouble === undefined
        ? []
        : [{ slot: slot.slot, device: slot.device, ...given({ place: slot.place }), message: trouble.message }],
    ),
    cards: prepared?.works.map(({ card }) => card) ?? names.map((node, index) => plannedCard(slots, node, index)),
    verify: options.verify ?? true,
    full: options.full ?? false,
    ...given({ delta: options.delta }),
  };
}

async function imageOf({ options }: Order, image: OpenImage, prepared?: Prepared): Promise<Plan['image']> {
  const { table } = image;
  const source = shownSource(options.image);
  const sizes = given({ sizeBytes: table.totalBytes });
  if (prepared === undefined) return { source, layout: [], ...sizes };
  const whole = table.state === 'whole' ? await image.whole : undefined;
  const writeBytes = whole && (options.full ? whole.imageBytes : table.usedBytes);
  return {
    source,
    layout: whole?.layout ?? [],
    ...sizes,
    ...given({
      name: image.name === options.image ? undefined : image.name,
      trustedBy: whole?.trustedBy,
      writeBytes,
      skipBytes: whole && whole.imageBytes - (writeBytes ?? 0),
      flavour: prepared.flavour?.flavour,
      flavourReason: prepared.flavour?.reason,
    }),
  };
}
