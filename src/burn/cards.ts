// Burns the planned cards: every slot works through its own cards on its own, one worker at a time, so that nothing that
// happens to one card reaches another.

import { Piscina } from 'piscina';
import { CardCounters } from '../card/counters.js';
import { unmountAll } from '../devices/unmount.js';
import { type Failure, failure, toFailure } from '../errors.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import type { BurnEvent, CardJob, CardReport, CardResult, PatchBlock, Phase, PlannedCard } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import { type BurnOptions, defaults } from './options.js';
import type { Target } from './targets.js';
import { watchCard } from './watch.js';

/** One card to be burned: its place in the plan, and what makes it this node's. */
export interface Assignment extends PlannedCard {
  readonly patch: readonly PatchBlock[];
}

export interface CardRun {
  readonly options: BurnOptions;
  readonly image: OpenImage;
  readonly emit: (event: BurnEvent) => void;
  /** Looks at a slot again after a card was changed; throws a PiburnError when it must not be written. */
  readonly inspect: (device: string) => Promise<Target>;
  readonly cancel: Cancellation;
}

/** More workers than this at a time would only crowd memory; further slots wait for one. */
const workersMax = 32;

/** Burns all cards; `targets` has one entry for each slot. Never rejects for a card's sake. */
export async function burnCards(
  run: CardRun,
  targets: readonly Target[],
  assignments: readonly Assignment[],
): Promise<CardReport[]> {
  const pool = new Piscina({
    filename: new URL('../card/worker.js', import.meta.url).href,
    minThreads: Math.min(targets.length, workersMax),
    maxThreads: Math.min(targets.length, workersMax),
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  const slots = targets.map((target, index) =>
    workThrough(
      run,
      pool,
      target,
      assignments.filter((assignment) => assignment.slot === index + 1),
    ),
  );
  const reports = (await Promise.all(slots)).flat();
  // A worker that hangs in a system call would never let the pool close; it ends with the process.
  if (!reports.some(({ failure: problem }) => problem?.code === 'STALLED')) await pool.close();
  return reports;
}

/** One slot: its cards one after another. A slot that is stuck or left by the person takes no more. */
async function workThrough(
  run: CardRun,
  pool: Piscina,
  first: Target,
  assignments: readonly Assignment[],
): Promise<CardReport[]> {
  const reports: CardReport[] = [];
  let target: Target | undefined = first;
  let why: Failure | undefined;
  for (const assignment of assignments) {
    why ??= cause(run, assignment.device);
    if (why === undefined && assignment.round > 0) {
      target = await nextTarget(run, assignment);
      why = target === undefined ? leftOut(assignment.device) : undefined;
    }
    why ??= cause(run, assignment.device);
    const result: CardResult =
      why === undefined && target !== undefined ? await burnOne(run, pool, target, assignment) : notBurned(why);
    const report = reportOf(run, assignment, target ?? first, result);
    run.emit({ type: 'card-end', card: report });
    reports.push(report);
    if (result.failure?.code === 'STALLED') why = slotStuck(assignment.device);
  }
  return reports;
}

/** Asks for the next card until one is in that may be written; undefined when the person gives the slot up. */
async function nextTarget(run: CardRun, { device, hostname }: Assignment): Promise<Target | undefined> {
  const { nextCard } = run.options;
  let trouble: string | undefined;
  for (;;) {
    if (run.cancel.requested) return undefined;
    if (nextCard !== undefined) {
      const request = { device, ...given({ hostname, trouble }) };
      if (!(await nextCard(request))) return undefined;
    }
    try {
      return await run.inspect(device);
    } catch (error) {
      const { message } = toFailure(error);
      trouble = message;
      if (nextCard !== undefined) continue;
      run.emit({ type: 'warning', device, message });
      return undefined;
    }
  }
}

async function burnOne(run: CardRun, pool: Piscina, target: Target, assignment: Assignment): Promise<CardResult> {
  const { slot, round, device, hostname } = assignment;
  const who = { slot, device, ...given({ hostname }) };
  run.emit({ type: 'card-start', round, ...who });
  const counters = new CardCounters();
  const forget = run.cancel.on(() => counters.cancel());
  const watch = watchCard(counters, run.options.stallTimeoutMs ?? defaults.stallTimeoutMs, {
    onProgress: (sample) => run.emit({ type: 'progress', ...who, ...sample }),
    onStall: (phase, stalledMs) => run.emit({ type: 'stall', slot, device, phase, stalledMs }),
  });
  try {
    await unmountAll(target.description.mountpoints);
    const burned: Promise<CardResult> = pool.run(jobOf(run, target, assignment, counters));
    const stuck = watch.stuck.then((phase) => {
      counters.cancel();
      return stalled(device, phase, counters);
    });
    return await Promise.race([burned, stuck]);
  } catch (error) {
    return { ...nothingDone, outcome: 'failed', failure: { ...toFailure(error), device }, bootable: 'unknown' };
  } finally {
    watch.stop();
    forget();
  }
}

function jobOf(run: CardRun, target: Target, assignment: Assignment, counters: CardCounters): CardJob {
  const { options, image } = run;
  return {
    target: target.identity,
    imagePath: image.path,
    segments: image.table.shared,
    counters: counters.shared,
    patch: assignment.patch,
    verify: options.verify ?? true,
    full: options.full ?? false,
    requestBytes: options.blockBytes ?? defaults.blockBytes,
    ...given({ fileBytes: target.identity.kind === 'file' ? options.fileBytes : undefined }),
  };
}

function reportOf(run: CardRun, assignment: Assignment, { description }: Target, result: CardResult): CardReport {
  const { slot, round, device, hostname, address } = assignment;
  const madeBytes = description.fresh ? (run.options.fileBytes ?? run.image.table.totalBytes) : undefined;
  const sizeBytes = description.sizeBytes ?? madeBytes;
  return {
    slot,
    device,
    round,
    model: description.model,
    ...given({ sizeBytes, hostname, address }),
    ...result,
  };
}

const nothingDone: Omit<CardResult, 'outcome'> = {
  bootable: 'untouched',
  writtenBytes: 0,
  skippedBytes: 0,
  verifiedBytes: 0,
  writeMs: 0,
  verifyMs: 0,
  totalMs: 0,
  repairs: [],
  warnings: [],
  direct: true,
};

const notBurned = (why: Failure | undefined): CardResult => ({
  ...nothingDone,
  outcome: 'cancelled',
  ...given({ failure: why }),
});

const interrupted = (device: string): Failure => ({
  kind: 'interrupted',
  code: 'INTERRUPTED',
  message: `${device} was not begun: the run was interrupted`,
  device,
});

/** Why no further card is begun, whatever lies in the slot. */
function cause({ cancel, image }: CardRun, device: string): Failure | undefined {
  if (cancel.requested) return interrupted(device);
  return image.table.state === 'broken' ? imageBroken(device) : undefined;
}

const imageBroken = (device: string): Failure =>
  failure('IMAGE_BROKEN', `the card in ${device} was not begun: the image proved broken`, {
    device,
    hint: 'get the image right first; this card is as it was',
  }).failure;

const leftOut = (device: string): Failure =>
  failure('LEFT_OUT', `no further card was put into ${device}`, {
    device,
    hint: 'burn the missing nodes in a run of their own',
  }).failure;

const slotStuck = (device: string): Failure =>
  failure('SLOT_STUCK', `${device} takes no more cards: an earlier one in it never came back`, {
    device,
    hint: 'unplug the reader and burn the missing nodes in a run of their own',
  }).failure;

/** What is known of a card whose worker does not answer. Its first MiB was zeroed before anything else was written. */
function stalled(device: string, phase: Phase, counters: CardCounters): CardResult {
  const problem = failure(
    'STALLED',
    `${device} did not move for too long while ${phase} (after ${counters.doneBytes} bytes)`,
    {
      device,
      offsetBytes: counters.doneBytes,
      hint: 'pull the card out and plug the reader in again; try another card (--stall-timeout sets how long to wait)',
    },
  );
  const isBlank = phase === 'writing' || phase === 'flushing' || phase === 'verifying';
  return { ...nothingDone, outcome: 'failed', failure: problem.failure, bootable: isBlank ? 'no' : 'unknown' };
}
