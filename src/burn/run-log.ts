// What is remembered of a run: a line of the history for each card, and the journal that `create --resume` goes on with. A
// burn never fails because something cannot be remembered: that is a warning, told once.

import { toFailure } from '../errors.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import type { BurnEvent, BurnRecord, CardReport, Plan } from '../protocol.js';
import { appendRecord, readHistory, warningsOf } from '../records/history.js';
import { beginJournal, type Journal } from '../records/journal.js';
import type { JournalOptions } from '../records/journal-options.js';
import type { RecordsPlace } from '../records/place.js';
import type { JournalRun, RunOutcome } from '../records/read-runs.js';
import { runId } from './random-id.js';
import type { Slot } from './slot.js';
import type { Target } from './slot-look.js';

export class RunLog {
  readonly #place: RecordsPlace | undefined;
  readonly #emit: (event: BurnEvent) => void;
  #journal: Journal | undefined;
  #records: readonly BurnRecord[] | undefined;
  readonly #broken = new Set<'history' | 'journal'>();

  /** The name of the run, in the history and of its journal. */
  readonly id: string;

  constructor(place: RecordsPlace | undefined, emit: (event: BurnEvent) => void, id = runId(new Date())) {
    this.id = id;
    this.#place = place;
    this.#emit = emit;
  }

  /** Begins the journal of a `create`; `options` is what `--resume` shall go on with. */
  begin(options: JournalOptions, plan: Plan, resumes: JournalRun | undefined): void {
    this.#attempt('journal', (place) => {
      const own = plan.cards.flatMap(({ hostname }) => hostname ?? []);
      this.#journal = beginJournal(place, {
        id: this.id,
        options,
        hostnames: resumes?.hostnames ?? own,
        image: plan.image.name ?? plan.image.source,
        ...given({ resumes: resumes?.id }),
      });
      for (const report of resumes?.good ?? []) this.#journal.card(report);
    });
  }

  /** What earlier burns say of a card. */
  warningsOf(target: Target, cardId: string): readonly string[] {
    return (
      this.#attempt('history', (place) => {
        this.#records ??= readHistory(place).records;
        return warningsOf(this.#records, cardKey(target, cardId) ?? '');
      }) ?? []
    );
  }

  card(
    report: CardReport,
    target: Target | undefined,
    slot: Slot | undefined,
    image: OpenImage,
    sha256?: string,
  ): void {
    this.#attempt('journal', () => this.#journal?.card(report));
    if (report.bootable === 'untouched') return;
    this.#attempt('history', (place) => appendRecord(place, recordOf(this.id, report, target, slot, image, sha256)));
  }

  end(outcome: RunOutcome): void {
    this.#attempt('journal', () => this.#journal?.end(outcome));
    this.#attempt('journal', () => this.#journal?.close());
  }

  /** What fails once is not tried again; the other one goes on. */
  #attempt<T>(what: 'history' | 'journal', work: (place: RecordsPlace) => T): T | undefined {
    if (this.#place === undefined || this.#broken.has(what)) return undefined;
    try {
      return work(this.#place);
    } catch (error) {
      this.#broken.add(what);
      const loss = what === 'journal' ? 'this run cannot be resumed' : 'this run is not in the history';
      const message = `${loss}: ${toFailure(error).message}`;
      this.#emit({ type: 'warning', message });
      return undefined;
    }
  }
}

/** A card in an MMC slot has an identity of its own, any other one what piburn has left on it. */
function cardKey(target: Target | undefined, cardId: string | undefined): string | undefined {
  const cid = target?.description.cid;
  if (cid !== undefined) return `cid:${cid}`;
  return cardId === undefined ? undefined : `mark:${cardId}`;
}

function recordOf(
  run: string,
  report: CardReport,
  target: Target | undefined,
  slot: Slot | undefined,
  image: OpenImage,
  imageSha256: string | undefined,
): BurnRecord {
  const { hostname, address, device, model, sizeBytes, outcome, failure, verifiedBytes, repairs, cardId } = report;
  return {
    version: 1,
    at: new Date().toISOString(),
    run,
    image: image.name,
    device,
    outcome,
    verified: verifiedBytes > 0,
    writtenBytes: report.writtenBytes,
    writeMs: Math.round(report.writeMs),
    verifiedBytes,
    verifyMs: Math.round(report.verifyMs),
    totalMs: Math.round(report.totalMs),
    repairs: repairs.length,
    ...given({
      hostname,
      address,
      imageSha256,
      port: slot?.port,
      slot: slot?.place,
      card: cardKey(target, cardId),
      readerModel: model === '' ? undefined : model,
      readerSerial: target?.description.serial,
      sizeBytes,
      code: failure?.code,
      message: failure?.message,
      unchangedBytes: report.unchangedBytes,
      writeLatency: report.writeLatency,
      readLatency: report.readLatency,
    }),
  };
}
