// Changes one setting of a card: reads the settings back, makes the flavour's files anew, writes only what differs, and
// reads that back. Everything that can be refused is refused before the first byte is written.

import { type FatGeometry, readGeometry } from '../../customise/fat/bpb.js';
import { FatVolume } from '../../customise/fat/volume.js';
import { type BootFile, flavours } from '../../customise/flavours/index.js';
import { Overlay, type ReadImage } from '../../customise/overlay.js';
import { bootFilesOf, readBootSettings } from '../../customise/read-back/boot-settings.js';
import { readRootSettings } from '../../customise/read-back/root-settings.js';
import { textIn } from '../../customise/read-back/view.js';
import { failure, type PiburnError } from '../../errors.js';
import { given } from '../../given.js';
import type { CardChange, Node, PatchBlock, PlannedFile } from '../../protocol.js';
import { runId } from '../random-id.js';
import type { Change } from './changes.js';
import { openToChange, openToRead } from './medium.js';
import { refuseFolder, refuseTarget } from './refuse-target.js';
import { type CardView, isFolder, viewFolder, viewMedium } from './view.js';
import { writeFolder } from './write-folder.js';
import { writePatch } from './write-patch.js';

export interface EditOptions {
  readonly dryRun: boolean;
  readonly allowFixed: boolean;
}

/** @throws PiburnError `CARD_NOT_OURS`, `CARD_TAKES_NO_SETTINGS`, reasons not to write, `CARD_READ_BACK`. */
export const changeCard = (target: string, change: Change, options: EditOptions): Promise<CardChange> =>
  applyTo(target, (card, now) => planChange(card, change, now), options);

/** Turns ssh on: by the empty file that every Raspberry Pi OS looks for, whoever made its settings. */
export const enableSsh = (target: string, options: EditOptions): Promise<CardChange> =>
  applyTo(target, planSsh, options);

/** What is to be written, decided before anything is. */
interface EditPlan {
  readonly summary: readonly string[];
  readonly files: readonly BootFile[];
  readonly notes: readonly string[];
}

type Planner = (card: CardView, now: Date) => EditPlan;

async function applyTo(target: string, plan: Planner, options: EditOptions): Promise<CardChange> {
  const now = new Date();
  if (isFolder(target)) {
    await refuseFolder(target);
    const card = viewFolder(target);
    const made = differing(card, plan(card, now));
    if (!options.dryRun && card.bootFolder !== undefined) writeFolder(card.bootFolder, made.files);
    const writtenBytes = made.files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    return changeOf(card, made, writtenBytes, options);
  }
  const check = await refuseTarget(target, options.allowFixed);
  if (options.dryRun) {
    const medium = openToRead(target);
    try {
      const card = await viewMedium(target, medium.kind, medium.read);
      const made = differing(card, plan(card, now));
      return changeOf(card, made, sizeOf(patchFor(card, medium.read, made.files, now).patch), options);
    } finally {
      medium.close();
    }
  }
  const medium = openToChange(target);
  try {
    check(medium.device.info);
    const card = await viewMedium(target, medium.kind, medium.read);
    const made = differing(card, plan(card, now));
    const { patch, geometry } = patchFor(card, medium.read, made.files, now);
    writePatch(target, medium.device, patch, geometry);
    return changeOf(card, made, sizeOf(patch), options);
  } finally {
    medium.close();
  }
}

const sizeOf = (patch: readonly PatchBlock[]): number => patch.reduce((sum, { bytes }) => sum + bytes.length, 0);

function planChange(card: CardView, change: Change, now: Date): EditPlan {
  const { how, boot, root } = card;
  refuseFlavour(card);
  const settings = readBootSettings(boot, how);
  if (settings.foreign.length > 0) throw notOurs(card, settings.foreign);
  const before = {
    node: withoutSpent(settings.node),
    flavour: how.flavour,
    ...given({ root: root && readRootSettings(root) }),
  };
  const { node, summary } = change(before);
  const burnId = runId(now);
  const { flavour, bootMount } = how;
  const files = flavours[flavour].files({ node, boot: bootFilesOf(boot), burnId, bootMount });
  return { summary, files, notes: [...imageNotes(card, settings.origin), startNote(card)] };
}

/** A script of `--firstboot` that has left the card has run, and does not run again. */
function withoutSpent(node: Node): Node {
  const { firstboot, ...rest } = node;
  return firstboot === '' ? rest : node;
}

function planSsh(card: CardView): EditPlan {
  refuseFlavour(card);
  if (card.how.flavour === 'ubuntu') {
    return { summary: [], files: [], notes: ['ssh is on in Ubuntu already: nothing was to be done'] };
  }
  if (card.boot.exists('ssh')) return { summary: [], files: [], notes: ['ssh is to be turned on already'] };
  return {
    summary: ['ssh: on'],
    files: [{ path: 'ssh', text: '', secrets: [] }],
    notes: [
      ...imageNotes(card, readBootSettings(card.boot, card.how).origin),
      'the Pi turns ssh on when it next starts',
    ],
  };
}

function imageNotes({ kind, target, how }: CardView, origin: string): string[] {
  if (kind !== 'file' || origin !== 'image' || how.facts.booted === true) return [];
  return [`${target} was an image without settings; cards burned from it will have these`];
}

const startNote = ({ how: { flavour } }: CardView): string =>
  flavour === 'cloudinit' || flavour === 'ubuntu'
    ? 'the Pi takes all its settings anew when it next starts, and makes new ssh host keys'
    : 'the Pi takes the settings when it next starts, and then starts once more';

function refuseFlavour({ target, how }: CardView): void {
  if (how.flavour !== 'none') return;
  throw failure('CARD_TAKES_NO_SETTINGS', `${target} takes no settings from its boot partition: ${how.reason}`, {
    hint: 'mount it (piburn mount) and change its files, or burn it anew',
  });
}

const notOurs = ({ target }: CardView, files: readonly string[]): PiburnError =>
  failure(
    'CARD_NOT_OURS',
    `${files.join(' and ')} on the boot partition of ${target} ${files.length === 1 ? 'was' : 'were'} not made by this piburn, or changed since; writing it anew would lose that`,
    { hint: `look at it with: piburn cat ${target}:boot/${files[0]}; change it by hand, or burn the card anew` },
  );

/** Only files that are not on the card as they are. */
const differing = (card: CardView, plan: EditPlan): EditPlan => ({
  ...plan,
  files: plan.files.filter(({ path, text }) => textIn(card.boot, path) !== text),
});

/** The sectors that differ, made on an overlay and looked at afresh. */
function patchFor(card: CardView, read: ReadImage, files: readonly BootFile[], now: Date) {
  const { startBytes, sizeBytes } = placeOf(card);
  const overlay = new Overlay(read);
  const geometry: FatGeometry = readGeometry(overlay, startBytes, sizeBytes);
  const volume = FatVolume.open(overlay, startBytes, sizeBytes);
  for (const { path, text } of files) volume.writeFile(path, Buffer.from(text), now);
  const patch = overlay.patch();
  const again = new Overlay(read);
  for (const { offsetBytes, bytes } of patch) again.write(offsetBytes, bytes);
  const fresh = FatVolume.open(again, startBytes, sizeBytes);
  const lost = files.find(({ path, text }) => Buffer.from(fresh.readFile(path) ?? []).toString() !== text);
  if (lost === undefined) return { patch, geometry };
  throw failure('CUSTOMISE_SELFCHECK', `${lost.path} did not come out as it was meant; nothing was written`, {
    hint: 'this is a defect of piburn: please report it',
  });
}

function placeOf({ bootPlace }: CardView) {
  if (bootPlace !== undefined) return bootPlace;
  throw failure('CUSTOMISE_SELFCHECK', 'a folder has no partitions');
}

function changeOf(card: CardView, plan: EditPlan, writtenBytes: number, { dryRun }: EditOptions): CardChange {
  const { target, kind, how } = card;
  return {
    target,
    kind,
    flavour: how.flavour,
    dryRun,
    summary: plan.summary,
    files: plan.files.map(redacted),
    writtenBytes,
    notes: [...card.notes, ...plan.notes],
  };
}

const redacted = ({ path, text, secrets }: BootFile): PlannedFile => ({
  path,
  text: secrets.reduce((shown, secret) => shown.replaceAll(secret, '(secret)'), text),
});
