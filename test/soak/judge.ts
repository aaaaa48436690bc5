// What a soak has found wrong with a run: a card that is called good and is not, a failure without the name of its fault, a
// claim about a card that is not true. Looks at cards and stores without any part of piburn.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CardReport } from '../../src/protocol.js';
import { differences, isBlank, isUntouched } from '../shim/card-files.js';
import type { BurnReply } from './burner.js';
import type { SoakImages } from './image.js';
import type { SoakCard, SoakRun } from './plan.js';

/** What became of one card. */
export interface CardEnd {
  readonly fault: string;
  /** A failure's code, or `good`; of a run that was not begun, the run's. */
  readonly code: string;
  readonly wrong: readonly string[];
}

export function judgeRun(run: SoakRun, reply: BurnReply, cardsFolder: string, images: SoakImages): CardEnd[] {
  return run.cards.map((card) => {
    const path = join(cardsFolder, card.file);
    const end =
      'summary' in reply ? judgeCard(card, path, reply.summary.cards, images) : judgeUnbegun(path, reply.failure);
    const fits = codesOf(run, card).includes(end.code);
    const misnamed = fits ? [] : [`${end.says}: the code ${end.code} does not fit '${faultOf(run, card)}'`];
    return { fault: faultOf(run, card), code: end.code, wrong: [...end.wrong, ...misnamed] };
  });
}

const faultOf = ({ fault: ofRun }: SoakRun, { fault }: SoakCard): string =>
  [fault?.name, ofRun?.name].filter((name) => name !== undefined).join(' + ') || 'none';

/** A fault of the run may come before that of the card. */
function codesOf({ fault: ofRun }: SoakRun, { fault }: SoakCard): readonly string[] {
  return [...(fault?.codes ?? ['good']), ...(ofRun?.codes ?? [])];
}

interface Judged {
  readonly code: string;
  readonly says: string;
  readonly wrong: readonly string[];
}

function judgeCard(card: SoakCard, path: string, reports: readonly CardReport[], images: SoakImages): Judged {
  const report = reports.find(({ device }) => basename(device) === card.file);
  if (report === undefined) return { code: 'nothing', says: '', wrong: ['nothing is said of it'] };
  const { outcome, failure, bootable } = report;
  const code = outcome === 'good' ? 'good' : (failure?.code ?? 'nameless');
  const isTold = outcome === 'good' || failure?.message.includes(card.file) === true;
  return {
    code,
    says: failure?.message ?? '',
    wrong: [...checkClaim(path, outcome, bootable, images), ...(isTold ? [] : ['its failure does not name it'])],
  };
}

function checkClaim(path: string, outcome: CardReport['outcome'], bootable: string, images: SoakImages): string[] {
  if ((outcome === 'good') !== (bootable === 'yes')) return [`it is called ${outcome}, and bootable: ${bootable}`];
  if (bootable === 'yes' && differences(path, images.raw, 1).length > 0) return ['it is called good and is not'];
  if (bootable === 'no' && !isBlank(path)) return ['it is said not to start, and has a beginning'];
  if (bootable === 'untouched' && !isUntouched(path)) return ['it is called untouched, and is not'];
  return [];
}

/** Nothing was begun, so no card may have been written. */
function judgeUnbegun(path: string, failure: { code: string; message: string } | string): Judged {
  const wrong = isUntouched(path) ? [] : ['nothing was begun, and the card is not as it was'];
  if (typeof failure === 'string') return { code: 'UNEXPECTED', says: failure, wrong };
  return { code: failure.code, says: failure.message, wrong };
}

/** What is wrong with a store that nobody uses at the moment. */
export function judgeStore(store: string, images: SoakImages): string[] {
  const rooms = join(store, 'images');
  if (!existsSync(rooms)) return [];
  return readdirSync(rooms).flatMap((name) => {
    const place = join(rooms, name);
    if (name.endsWith('.partial')) return [`${place} was left half-made`];
    if (!existsSync(join(place, 'map'))) return [`${place} has no map`];
    const spool = join(place, 'image');
    if (!existsSync(spool)) return []; // of a raw image
    const isWhole = statSync(spool).size === images.bytes.length && images.isDecoded(spool);
    return isWhole ? [] : [`${spool} counts as whole and is not the image`];
  });
}
