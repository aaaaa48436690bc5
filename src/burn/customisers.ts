// The two ways in which a card becomes a node's: files on the boot partition, for systems that look there at their first
// boot, or edits of the root file system, for those that do not.

import { type Customisation, chooseFlavour, customise, findBootPlace, imageReader } from '../customise/boot-volume.js';
import type { DetectedFlavour } from '../customise/detect.js';
import { flavours } from '../customise/flavours/index.js';
import { parseInitFormat } from '../customise/init-format.js';
import { customiseRoot, findRootPlace } from '../customise/root/customise-root.js';
import { given } from '../given.js';
import { available, type OpenImage } from '../image/image.js';
import type { Node } from '../protocol.js';
import { keepWord } from './nodes.js';
import type { Order } from './order.js';
import { runId } from './random-id.js';

export interface Customiser {
  readonly flavour?: DetectedFlavour;
  /** @throws PiburnError for settings that this image cannot take. */
  customise(node: Node): Promise<Customisation>;
}

/** By the boot partition: waits until the image has come that far. */
export async function bootCustomiser(order: Order, image: OpenImage, descriptor: number): Promise<Customiser> {
  const read = imageReader(descriptor);
  const place = await findBootPlace(read, (endBytes) => available(image, endBytes));
  const initFormat = parseInitFormat(image.initFormat);
  const choose = (whole: boolean) => chooseFlavour(read, place, order.flavour, { whole, ...given({ initFormat }) });
  const bySoFar = choose(image.table.state === 'whole');
  // The root may still say what the boot partition does not, and what is found must not depend on how fast that is read.
  const flavour = bySoFar.flavour === 'none' ? await image.whole.then(() => choose(true)) : bySoFar;
  const { burnId, now } = thisBurn();
  return {
    flavour,
    customise: async (node) => customise(read, place, flavour, settled(node, order, flavour), burnId, now),
  };
}

/** By the root: waits for the whole image, since nobody knows where in a root a file lies. */
export async function rootCustomiser(image: OpenImage, descriptor: number): Promise<Customiser> {
  await image.whole;
  const read = imageReader(descriptor);
  const root = await findRootPlace(read, async () => undefined);
  const { burnId, now } = thisBurn();
  const flavour: DetectedFlavour = {
    flavour: 'none',
    bootMount: '/boot/firmware',
    reason: '--rootfs writes the settings into the root file system',
    facts: {},
  };
  return {
    flavour,
    customise: async (node) => {
      const plain = withoutKeepWords(node);
      const edited = await customiseRoot(read, root, plain, burnId, now);
      if (plain.files === undefined) return edited;
      const place = await findBootPlace(read, async () => undefined);
      const extra = customise(read, place, flavour, { hostname: '', dns: [], files: plain.files }, burnId, now);
      const patch = [...edited.patch, ...extra.patch].toSorted((a, b) => a.offsetBytes - b.offsetBytes);
      return { patch, files: [...edited.files, ...extra.files] };
    },
  };
}

function thisBurn(): { readonly burnId: string; readonly now: Date } {
  const now = new Date();
  return { burnId: runId(now), now };
}

/** A node with the defaults that its flavour can honour, and without those that nobody asked for and it cannot. */
function settled(node: Node, order: Order, { flavour }: DetectedFlavour): Node {
  const { honours } = flavours[flavour];
  const defaults = Object.fromEntries(
    Object.entries(order.region ?? {}).filter(([name]) => (honours as readonly string[]).includes(name)),
  );
  const { hosts, ...rest } = node;
  const keepsHosts = hosts !== undefined && (order.hostsAsked || honours.includes('hosts'));
  return withoutKeepWords({ ...defaults, ...rest, ...(keepsHosts ? { hosts } : {}) });
}

/** `image` stands for what the image has, so nothing is asked for. */
function withoutKeepWords(node: Node): Node {
  const { locale, timezone, keymap, ...rest } = node;
  const wanted = (value: string | undefined) => (value === keepWord ? undefined : value);
  return { ...rest, ...given({ locale: wanted(locale), timezone: wanted(timezone), keymap: wanted(keymap) }) };
}
