// Runs a plan, all or nothing: a step that fails takes the earlier ones back, in reverse, to the bridge that was there
// before or to none. The state file is written before each step and after it.

import { asPiburnError, failure, interruption, PiburnError, toFailure } from '../errors.js';
import { paths } from './plan/paths.js';
import { doWords, undoWords } from './plan/step-words.js';
import type { BridgePlan, BridgeState, Entry, Step } from './plan/types.js';
import { removeState, withEntry, withoutEntry, writeState } from './state.js';
import { begin, perform } from './step.js';
import type { BridgeSystem, FileNow } from './system.js';
import { undo } from './undo-step.js';

export interface ApplyWatch {
  /** Before a step that does something, or takes something back: what, as a sentence without its end. */
  onStep?(words: string): void;
  /** A remark about something that did not go and does not matter. */
  onRemark?(remark: string): void;
  /** Asked before each step. */
  isCancelled?(): boolean;
}

/** What takes back one thing that this run has done. */
interface Done {
  readonly step: Step;
  /** Undefined: there is nothing to say. */
  readonly words: string | undefined;
  readonly back: () => Promise<void>;
}

/**
 * Makes the bridge as planned. Returns how many steps were done or taken back.
 * @throws PiburnError of the step that failed; everything is then as before, or the message says what is not.
 */
export async function applyPlan(
  plan: BridgePlan,
  before: BridgeState | undefined,
  system: BridgeSystem,
  watch: ApplyWatch = {},
): Promise<number> {
  const run = new Run(before, plan, system, watch);
  try {
    await run.forwards();
  } catch (error) {
    throw await run.backwards(error);
  }
  return run.count;
}

class Run {
  count = 0;
  #state: BridgeState;
  readonly #done: Done[] = [];
  #current: Step | undefined;
  readonly #before: BridgeState | undefined;
  readonly #plan: BridgePlan;
  readonly #system: BridgeSystem;
  readonly #watch: ApplyWatch;

  constructor(before: BridgeState | undefined, plan: BridgePlan, system: BridgeSystem, watch: ApplyWatch) {
    this.#before = before;
    this.#plan = plan;
    this.#system = system;
    this.#watch = watch;
    this.#state = { version: 1, phase: 'making', entries: [], ...before, settings: plan.settings };
  }

  async forwards(): Promise<void> {
    this.#write({ ...this.#state, phase: 'making' });
    for (const entry of this.#plan.obsolete.toReversed()) await this.#undoObsolete(entry);
    for (const { step, needed } of this.#plan.steps) if (needed) await this.#do(step);
    this.#current = undefined;
    this.#write({ ...this.#state, phase: 'made' });
  }

  async #undoObsolete(entry: Entry): Promise<void> {
    const { step } = entry;
    this.#enter(step, undoWords(entry));
    const snapshot = this.#snapshot(step);
    this.#done.push({ step, words: restoreWords(step), back: () => this.#restore(step, snapshot) });
    this.#remark(await undo(entry, this.#system));
    this.#write(withoutEntry(this.#state, entry.step.id));
  }

  async #do(step: Step): Promise<void> {
    this.#enter(step, doWords(step));
    const old = this.#state.entries.find((entry) => entry.step.id === step.id);
    const snapshot = this.#snapshot(step);
    const entry: Entry = { ...(old ?? begin(step, this.#system)), step, isDone: false };
    this.#write(withEntry(this.#state, entry));
    const back = async () =>
      old === undefined ? this.#remark(await undo(entry, this.#system)) : this.#restore(step, snapshot);
    this.#done.push({ step, words: old === undefined ? undoWords(entry) : restoreWords(step), back });
    this.#remark(await perform(step, this.#system));
    this.#write(withEntry(this.#state, { ...entry, isDone: true }));
  }

  #enter(step: Step, words: string | undefined): void {
    if (this.#watch.isCancelled?.() === true) throw interruption('stopped');
    this.#current = step;
    if (words === undefined) return;
    this.count += 1;
    this.#watch.onStep?.(words);
  }

  #remark(text: string | undefined): void {
    if (text !== undefined) this.#watch.onRemark?.(text);
  }

  #write(state: BridgeState): void {
    this.#state = writeState(this.#system, state);
  }

  /** A file or a kernel setting as this run found it. */
  #snapshot(step: Step): FileNow | string | undefined {
    if (step.kind === 'file') return this.#system.readFile(step.path);
    return step.kind === 'sysctl' ? this.#system.readSysctl(step.key) : undefined;
  }

  async #restore(step: Step, snapshot: FileNow | string | undefined): Promise<void> {
    if (step.kind === 'sysctl' && typeof snapshot === 'string') this.#system.writeSysctl(step.key, snapshot);
    if (step.kind !== 'file' || typeof snapshot === 'string') return;
    if (snapshot === undefined) return this.#system.removeFile(step.path);
    this.#system.writeFile(step.path, snapshot.bytes, snapshot);
  }

  /** Takes everything back and returns the error to throw. */
  async backwards(cause: unknown): Promise<PiburnError> {
    const problems: string[] = [];
    const attempt = async (work: () => Promise<void> | void) => {
      try {
        await work();
      } catch (error) {
        problems.push(asPiburnError(error).message);
      }
    };
    const failed = this.#current;
    for (const { words, back } of this.#done.toReversed()) {
      if (words !== undefined) this.#watch.onStep?.(words);
      await attempt(back);
    }
    if (this.#before !== undefined) await attempt(() => this.#system.removeFile(paths.check));
    // Files are as before: what was started from them is started from them again.
    const touched = new Set(this.#done.map(({ step }) => step.id));
    for (const { step } of this.#before?.entries ?? []) {
      const isStarted = step.kind !== 'file' && step.kind !== 'sysctl';
      if (isStarted && touched.has(step.id)) await attempt(async () => void (await perform(step, this.#system)));
    }
    if (problems.length === 0) await attempt(() => this.#restoreState());
    return asError(
      cause,
      failed,
      problems,
      this.#done.map(({ step }) => step),
    );
  }

  #restoreState(): void {
    if (this.#before !== undefined) writeState(this.#system, this.#before);
    else removeState(this.#system);
  }
}

/** What is started is started again when everything else is as before. */
function restoreWords(step: Step): string | undefined {
  if (step.kind === 'file') return `put ${step.path} back as it was`;
  return step.kind === 'sysctl' ? `set ${step.key.replaceAll('/', '.')} back` : undefined;
}

function asError(
  cause: unknown,
  step: Step | undefined,
  problems: readonly string[],
  begun: readonly Step[],
): PiburnError {
  const { kind, code, message, hint } = toFailure(cause);
  const where = step === undefined ? '' : `The step "${step.sentence}" failed: `;
  const left = whatStays(begun, step);
  const asBefore =
    left.words === undefined
      ? 'everything is as it was before'
      : `everything else is as it was before, but ${left.words}`;
  const rest =
    problems.length === 0
      ? `; ${asBefore}`
      : `; and not all could be taken back (${problems.join('; ')})${left.words === undefined ? '' : `; ${left.words}`}`;
  if (kind === 'interrupted') return new PiburnError({ kind, code, message: `${message}${rest}` }, { cause });
  const next =
    problems.length === 0
      ? [hint ?? 'see what the message says', ...left.next].join('; ')
      : 'run `piburn bridge delete`, then `create` again';
  return failure(code === 'STEP_FAILED' ? code : 'STEP_FAILED', `${where}${message}${rest}`, { hint: next }, cause);
}

/** What was removed or installed and is not taken back; the step that failed may have done it in part. */
function whatStays(begun: readonly Step[], failed: Step | undefined): { words?: string; next: readonly string[] } {
  const lasting = begun.flatMap((step) =>
    step.kind === 'command' && step.leaves !== undefined ? [{ ...step.leaves, isSure: step.id !== failed?.id }] : [],
  );
  // A failed installation changes nothing that is missed.
  const said = lasting.filter(({ isSure, next }) => isSure || next !== undefined);
  const words = said.map(({ what, isSure }) => (isSure ? what : `perhaps ${what}`));
  const next = said.flatMap((each) => (each.next === undefined ? [] : [`${each.next} brings it back`]));
  return { ...(words.length === 0 ? {} : { words: words.join(', and ') }), next };
}

/**
 * Undoes what the entries did, the last first. What cannot be undone stays in the state for another try.
 * @throws PiburnError `DELETE_INCOMPLETE`.
 */
export async function undoAll(
  entries: readonly Entry[],
  before: BridgeState | undefined,
  system: BridgeSystem,
  watch: ApplyWatch = {},
): Promise<void> {
  const problems: string[] = [];
  let state = before === undefined ? undefined : writeState(system, { ...before, phase: 'removing' });
  for (const entry of entries.toReversed()) {
    if (watch.isCancelled?.() === true) throw interruption('stopped; run `piburn bridge delete` again to go on');
    const words = undoWords(entry);
    if (words !== undefined) watch.onStep?.(words);
    try {
      const remark = await undo(entry, system);
      if (remark !== undefined) watch.onRemark?.(remark);
      if (state !== undefined) state = writeState(system, withoutEntry(state, entry.step.id));
    } catch (error) {
      problems.push(`"${words ?? entry.step.sentence}": ${toFailure(error).message}`);
    }
  }
  if (problems.length > 0) {
    throw failure('DELETE_INCOMPLETE', `Not everything could be undone: ${problems.join('; ')}`, {
      hint: 'mend that, and run `piburn bridge delete` again',
    });
  }
  removeState(system);
}
