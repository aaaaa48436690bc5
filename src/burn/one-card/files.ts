// `ls` and `cat`: what is on a card, without mounting it.

import type { VolumeView } from '../../customise/read-back/view.js';
import { failure, type PiburnError } from '../../errors.js';
import type { CardEntry } from '../../protocol.js';
import { type CardPath, findVolume, type VolumePath } from './place.js';
import { type CardView, withCard } from './view.js';

/** A directory with more is not listed: no Pi has one. */
const maxEntries = 1_000_000;

/**
 * What is in a directory, or the one thing at a path. A path without any gives the card's two volumes.
 * @throws PiburnError `NOT_ON_CARD`, `NO_ROOT`.
 */
export const listCard = ({ target, path }: CardPath): Promise<CardEntry[]> =>
  withCard(target, (card) => {
    const place = findVolume(card, path);
    if (place === undefined) return volumesOf(card);
    const view = viewOf(card, place);
    const names = view.list(place.path);
    if (names !== undefined) {
      if (names.length > maxEntries) throw tooMany(card, place);
      return names.map((name) => view.stat(`${place.path}/${name}`) ?? { name, kind: 'other', sizeBytes: 0 });
    }
    const entry = view.stat(place.path);
    if (entry === undefined) throw notThere(card, place);
    return [entry];
  });

const volumesOf = ({ root }: CardView): CardEntry[] =>
  (root === undefined ? ['boot'] : ['boot', 'root']).map((name) => ({ name, kind: 'directory', sizeBytes: 0 }));

/** The bytes of a file. @throws PiburnError `NOT_ON_CARD`, `NO_ROOT`, `NOT_A_FILE`. */
export const readCardFile = ({ target, path }: CardPath): Promise<Uint8Array> =>
  withCard(target, (card) => {
    const place = findVolume(card, path);
    if (place === undefined) throw noFile(`${target} is a card`);
    const view = viewOf(card, place);
    const bytes = view.readFile(place.path);
    if (bytes !== undefined) return bytes;
    if (!view.exists(place.path)) throw notThere(card, place);
    throw noFile(`${nameOf(card, place)} is no file`);
  });

function viewOf(card: CardView, { volume }: VolumePath): VolumeView {
  const view = card[volume];
  if (view !== undefined) return view;
  throw failure('NO_ROOT', `${card.target} has no root file system that can be read${reason(card)}`, {
    hint: 'look at its boot partition: TARGET:boot/',
  });
}

const reason = ({ kind, notes }: CardView): string =>
  kind === 'folder' ? ': the folder is that of its boot partition' : notes.map((note) => `; ${note}`).join('');

const nameOf = ({ target }: CardView, { volume, path }: VolumePath): string => `${target}:${volume}/${path}`;

const notThere = (card: CardView, place: VolumePath): PiburnError =>
  failure('NOT_ON_CARD', `there is no ${nameOf(card, place)}`, {
    hint: `see what there is with: piburn ls ${card.target}:${place.volume}/`,
  });

const noFile = (message: string): PiburnError =>
  failure('NOT_A_FILE', message, { hint: 'list it with piburn ls, and name a file in it' });

const tooMany = (card: CardView, place: VolumePath): PiburnError =>
  failure('TOO_MANY_ENTRIES', `${nameOf(card, place)} has more than ${maxEntries} entries`, { hint: 'mount the card' });
