// The plan in words: whole for --dryrun, and short for the one question before anything is written.

import type { Plan, PlannedCard, PlannedFile, TargetDescription } from '../protocol.js';
import { cardName } from './names.js';
import { bytes, counted, sentence, stripControls } from './text.js';
import { alignLeft, alignRight, displayWidth } from './width.js';

/** Everything that would be done, the files of each card with their contents included; it ends with a line break. */
export function renderPlan(plan: Plan): string {
  const layout = plan.image.layout.map((line) => `          ${stripControls(line)}`);
  return lines([
    ...overview(plan, layout),
    '',
    'Targets',
    ...describeTargets(plan),
    '',
    'Cards',
    ...plan.cards.flatMap(describeCard),
    '',
    'Nothing was written: this is a dry run.',
  ]);
}

/** The question that names every target. It ends with `[y/N] `: the answer belongs behind it. */
export function renderQuestion(plan: Plan): string {
  const facts = lines([...overview(plan, []), '', 'Targets', ...describeTargets(plan), '']);
  return `${facts}${consequence(plan)} Go on? [y/N] `;
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');

function overview(plan: Plan, layout: readonly string[]): string[] {
  const { image, cards, targets, notReady } = plan;
  const size = image.sizeBytes === undefined ? '' : `, ${bytes(image.sizeBytes)}`;
  const where = `${counted(cards.length, 'node')} on ${counted(targets.length + notReady.length, 'slot')}`;
  return [
    `Image     ${stripControls(image.source)}${image.name === undefined ? '' : ` (${stripControls(image.name)})`}${size}`,
    ...(image.trustedBy === undefined || image.trustedBy.length === 0
      ? []
      : [`Checked   SHA-256 as ${image.trustedBy.map(stripControls).join(' and ')} says`]),
    ...layout,
    `Settings  ${settingsText(image)}`,
    `Write     ${writeText(plan)}`,
    `Nodes     ${where}${hostRange(cards)}`,
  ];
}

// Before the image is whole nobody knows what is in it.
function settingsText({ flavour, flavourReason, writeBytes }: Plan['image']): string {
  const chosen = flavour ?? (writeBytes === undefined ? 'chosen when the image has been looked at' : 'none');
  return flavourReason === undefined ? chosen : `${chosen}: ${stripControls(flavourReason)}`;
}

function writeText({ image, verify, full, delta }: Plan): string {
  const most = delta ? ' at most, what is there already is not written again' : '';
  const size = image.writeBytes === undefined ? '' : `${bytes(image.writeBytes)} to each card${most}; `;
  const unused = image.skipBytes === undefined ? 'what no file system uses' : `${bytes(image.skipBytes)} unused`;
  const extent = full ? 'every byte of the image, the unused ones too' : `${unused} is skipped`;
  const check = verify ? 'every byte is read back and compared' : 'nothing is read back, so a bad card goes unnoticed';
  return `${size}${extent}; ${check}`;
}

function hostRange(cards: readonly PlannedCard[]): string {
  const names = cards.flatMap(({ hostname }) => (hostname === undefined ? [] : [stripControls(hostname)]));
  const [first, last] = [names.at(0), names.at(-1)];
  if (first === undefined || last === undefined) return '';
  return first === last ? `: ${first}` : `: ${first} to ${last}`;
}

function describeTargets({ targets, notReady }: Plan): string[] {
  const paths = targets.map(nameOf);
  const sizes = targets.map(sizeText);
  const pathColumns = widest(paths);
  const sizeColumns = widest(sizes);
  const waiting = notReady.map(
    ({ slot, device, place, message }) => `  ${cardName({ slot, device, place })} waits: ${sentence(message)}`,
  );
  const rows = targets.flatMap((target, index) => {
    const path = alignLeft(paths[index] ?? '', pathColumns);
    if (target.fresh) return [`  ${path}  new file`];
    const size = alignRight(sizes[index] ?? '', sizeColumns);
    const below = ' '.repeat(pathColumns + 4);
    return [
      `  ${path}  ${size}  ${modelText(target)}`,
      `${below}now on it: ${stripControls(target.content)}`,
      ...target.mountpoints.map((place) => `${below}mounted at ${stripControls(place)}: will be unmounted`),
    ];
  });
  return [...rows, ...waiting];
}

const nameOf = ({ path, place }: TargetDescription): string =>
  stripControls(place === undefined ? path : `${place}, ${path}`);

const widest = (texts: readonly string[]): number =>
  texts.reduce((columns, text) => Math.max(columns, displayWidth(text)), 0);

const sizeText = ({ sizeBytes, fresh }: TargetDescription): string =>
  sizeBytes === undefined || fresh ? '' : bytes(sizeBytes);

function modelText({ model, transport, serial }: TargetDescription): string {
  const details = [transport, serial === undefined ? '' : `serial ${serial}`].filter((text) => text !== '');
  return stripControls(details.length === 0 ? model : `${model} (${details.join(', ')})`);
}

function describeCard(card: PlannedCard): string[] {
  const address = card.address === undefined ? [] : [stripControls(card.address)];
  const patch = card.patchBytes === 0 ? 'the image as it is' : `${bytes(card.patchBytes)} differ from the image`;
  const slot = card.slot === undefined ? ['the next slot that is free'] : [];
  const head = `  ${[cardName(card), ...slot, ...address].join(', ')}: ${patch}`;
  return [head, ...card.files.flatMap(describeFile)];
}

// A generated file has some dozen lines; this only keeps a strange one from flooding the terminal.
const mostFileLines = 400;

function describeFile({ path, text }: PlannedFile): string[] {
  const content = text.replace(/\n$/, '').split('\n');
  const shown = content.slice(0, mostFileLines).map((line) => `      ${stripControls(line)}`.trimEnd());
  const hidden = content.length - shown.length;
  return [`    ${stripControls(path)}`, ...shown, ...(hidden > 0 ? [`      (${counted(hidden, 'more line')})`] : [])];
}

function consequence({ targets, cards }: Plan): string {
  const erased = targets.filter(({ fresh }) => !fresh).length;
  const made = targets.length - erased;
  const later = cards.filter(({ slot }) => slot === undefined).length;
  if (erased === 0) return `${counted(made, 'new file')} will be made and nothing is erased.`;
  const which = erased === 1 ? 'this card' : `these ${erased} cards`;
  const followers = later === 0 ? '' : `, and on the ${counted(later, 'card')} put in after them`;
  return `Everything on ${which} will be erased${followers}.`;
}
