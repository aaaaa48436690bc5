// Opens the cards, takes the steps, closes the cards. Keeps what was measured, and what became of each card.

import { performance } from 'node:perf_hooks';
import { type Failure, toFailure } from '../../errors.js';
import type { BenchMeasure, BenchRate, BenchSample, BenchWrong } from '../../protocol/bench.js';
import type { Transferred } from './bench-card.js';
import { startCpuCount } from './cpu.js';
import { StepGate } from './gate.js';
import type { BenchTarget } from './inspect.js';
import { Session } from './session.js';
import { type BenchStep, usualBlockBytes, withLiving } from './steps.js';
import { WakingClock } from './waking-clock.js';
import type { Opened } from './worker.js';

interface State {
  readonly target: BenchTarget;
  readonly session: Session;
  opened?: Opened;
  failure?: Failure;
  wrong?: BenchWrong;
}

interface Following {
  readonly readOnly: boolean;
  readonly limitMs: number;
  onSample(sample: BenchSample): void;
}

/** A fast one is measured for so long, even if it is through with its range before. */
const leastMs = 300;
const sampleMs = 100;
/** A step in which this process stood still is taken again, but not for ever: a machine may be so loaded that it always looks so. */
const mostRetakes = 2;

export class Runner {
  readonly states: readonly State[];
  readonly measures: BenchMeasure[] = [];
  readonly #planned: readonly BenchStep[];
  readonly #steps: BenchStep[];
  readonly #options: Following;
  readonly #startedMs = performance.now();
  #broken: readonly number[] = [];
  #isCancelled = false;
  #isOver = false;

  constructor(targets: readonly BenchTarget[], steps: readonly BenchStep[], options: Following) {
    this.states = targets.map((target) => ({ target, session: new Session(target.identity) }));
    this.#planned = steps;
    this.#steps = [...steps];
    this.#options = options;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Readers that failed while they were measured: nothing measured with them tells of the others. */
  get broken(): readonly number[] {
    return this.#broken;
  }

  get isStuck(): boolean {
    return this.states.some(({ session }) => session.isStuck);
  }

  /** Files that were made. */
  get made(): string[] {
    return this.states.flatMap(({ target, opened }) =>
      target.freshBytes === undefined || opened === undefined ? [] : [target.identity.path],
    );
  }

  /** Once all is measured there is nothing to stop: what closes the cards goes on in any case. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isCancelled = true;
    for (const { session } of this.states) session.progress.cancel();
  }

  async run(): Promise<void> {
    await Promise.all(this.states.map((state) => this.#open(state)));
    await Promise.all(this.states.filter(isOnFile).map((state) => this.#fill(state)));
    for (let index = 0; index < this.#steps.length && !this.#isCancelled; ) {
      const brokenBefore = this.#failed().length;
      for (const step of this.#steps.slice(index)) await this.#takeWhole(step, index++);
      // Each round ends with at least one card less than the one before.
      if (this.#failed().length > brokenBefore) this.#steps.push(...this.#spoilt());
    }
    this.#broken = this.#failed();
    this.#isOver = true;
  }

  /** @throws nothing: what cannot be wiped is the card's failure. */
  async close(): Promise<void> {
    await Promise.all(this.states.map((state) => state.session.close().catch((error) => fail(state, error))));
  }

  async #open(state: State): Promise<void> {
    const { identity, rangeBytes, freshBytes } = state.target;
    const order = { target: identity, readOnly: this.#options.readOnly, rangeBytes };
    try {
      state.opened = await state.session.open(freshBytes === undefined ? order : { ...order, freshBytes });
    } catch (error) {
      fail(state, error);
    }
  }

  /** Once, unmeasured: the first time a file system looks for room, which no card does. */
  async #fill(state: State): Promise<void> {
    const { readOnly, limitMs } = this.#options;
    if (readOnly || state.opened === undefined || this.#isCancelled) return;
    const order = { operation: 'write', blockBytes: usualBlockBytes, direct: true, readers: 1, limitMs } as const;
    try {
      const mostBytes = state.target.rangeBytes;
      await state.session.measure({ ...order, leastMs: 0, mostBytes }, new StepGate());
    } catch (error) {
      if (!this.#isCancelled) fail(state, error);
    }
  }

  /** Once more where a card failed: the others were measured with it. */
  async #takeWhole(step: BenchStep, index: number): Promise<void> {
    for (let retakesLeft = mostRetakes; !this.#isCancelled; ) {
      const possible = this.#possible(step);
      if (possible === undefined) return;
      const { measure, hasSlept } = await this.#take(possible, index);
      if (this.#isCancelled) return;
      if (hasSlept && retakesLeft > 0) {
        retakesLeft -= 1;
        continue;
      }
      if (measure.rates.length > 0) this.measures.push(measure);
      if (measure.failed.length === 0) return;
    }
  }

  /** Steps that were measured only with readers that have failed since. */
  #spoilt(): BenchStep[] {
    return this.#planned.filter((step) => {
      const possible = this.#possible(step);
      return possible !== undefined && !this.measures.some((measure) => isOf(measure, possible));
    });
  }

  #failed(): number[] {
    return this.states.flatMap(({ failure }, index) => (failure === undefined ? [] : [index]));
  }

  /** Without O_DIRECT there is nothing to be compared with. */
  #possible(step: BenchStep): BenchStep | undefined {
    const living = this.states.flatMap(({ opened, failure }, index) =>
      opened === undefined || failure !== undefined ? [] : [index],
    );
    const possible = withLiving(step, living);
    const isDirect = possible?.readers.every((reader) => this.states[reader]?.opened?.direct) ?? false;
    return step.direct || isDirect ? possible : undefined;
  }

  async #take(step: BenchStep, index: number): Promise<{ measure: BenchMeasure; hasSlept: boolean }> {
    const users = step.readers.flatMap((reader) => this.states[reader] ?? []);
    const gate = new StepGate();
    const clock = new WakingClock(sampleMs);
    const stopTelling = this.#tell(step, index, users, () => {
      clock.tick();
      // It is taken again: what is left of it is time lost.
      if (clock.hasSlept) gate.stop();
    });
    const startedMs = performance.now();
    const cpuSince = startCpuCount();
    const moved = await Promise.all(users.map((state) => this.#measure(state, step, gate)));
    const [cpu, elapsedMs] = [cpuSince(), performance.now() - startedMs];
    stopTelling();
    clock.tick();
    const rates = step.readers.flatMap((reader, at): BenchRate[] => {
      const { doneBytes = 0, elapsedMs: ownMs = 0 } = moved[at] ?? {};
      return doneBytes > 0 && ownMs > 0 ? [{ reader, doneBytes, elapsedMs: ownMs }] : [];
    });
    const bytesPerSecond = rates.reduce((sum, each) => sum + (each.doneBytes / each.elapsedMs) * 1000, 0);
    const { part, operation, blockBytes } = step;
    const direct = step.direct && users.every(({ opened }) => opened?.direct);
    const failed = step.readers.filter((reader) => this.states[reader]?.failure !== undefined);
    const measure = { part, operation, blockBytes, direct, rates, failed, bytesPerSecond, elapsedMs, cpu };
    return { measure, hasSlept: clock.hasSlept };
  }

  async #measure(state: State, step: BenchStep, gate: StepGate): Promise<Transferred | undefined> {
    const { limitMs } = this.#options;
    const { operation, blockBytes, direct } = step;
    const order = {
      ...{ operation, blockBytes, direct, limitMs },
      leastMs: Math.min(leastMs, limitMs),
      readers: step.readers.length,
      mostBytes: this.#mostBytes(step),
    };
    try {
      const moved = await state.session.measure(order, gate);
      if (moved.wrong !== undefined) state.wrong ??= moved.wrong;
      return moved;
    } catch (error) {
      if (!this.#isCancelled) fail(state, error);
      return undefined;
    }
  }

  /** The page cache would take far more in a moment than the card can be rid of in the time. */
  #mostBytes({ direct, operation, readers, blockBytes }: BenchStep): number {
    const alone = this.measures.find(
      (each) => each.part === 'alone' && each.operation === operation && each.rates[0]?.reader === readers[0],
    );
    if (direct || operation === 'read' || alone === undefined) return Number.MAX_SAFE_INTEGER;
    return Math.max(blockBytes, (alone.bytesPerSecond * this.#options.limitMs) / 1000);
  }

  /** `look` is called as often. */
  #tell(
    { part, operation, blockBytes, direct }: BenchStep,
    index: number,
    users: readonly State[],
    look: () => void,
  ): () => void {
    const startedMs = performance.now();
    const expectedMs = this.#expectedMs(operation);
    const laterMs = this.#steps.slice(index + 1).reduce((sum, step) => sum + this.#expectedMs(step.operation), 0);
    const paths = users.map(({ target }) => target.identity.path);
    const tell = (doneBytes: number) => {
      const nowMs = performance.now();
      const stepMs = nowMs - startedMs;
      this.#options.onSample({
        ...{ part, operation, blockBytes, direct, paths, doneBytes, stepMs },
        stepsDone: index,
        stepsTotal: this.#steps.length,
        elapsedMs: nowMs - this.#startedMs,
        remainingMs: Math.max(0, expectedMs - stepMs) + laterMs,
      });
    };
    tell(0);
    const timer = setInterval(() => {
      look();
      tell(users.reduce((sum, { session }) => sum + session.progress.doneBytes, 0));
    }, sampleMs);
    return () => clearInterval(timer);
  }

  /** As the earlier steps of its kind; the first one may take all its time. */
  #expectedMs(operation: BenchMeasure['operation']): number {
    const alike = this.measures.filter((each) => each.operation === operation);
    if (alike.length === 0) return this.#options.limitMs;
    return alike.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / alike.length;
  }
}

const isOnFile = ({ target: { description } }: State): boolean =>
  description.kind === 'file' || description.transport === 'loop';

/** The first thing that went wrong with a card is what is told. */
function fail(state: State, error: unknown): void {
  state.failure ??= toFailure(error);
}

/** All its readers, and no other that failed beside them. */
const isOf = ({ part, operation, blockBytes, rates, failed }: BenchMeasure, step: BenchStep): boolean =>
  failed.length === 0 &&
  part === step.part &&
  operation === step.operation &&
  blockBytes === step.blockBytes &&
  rates.map(({ reader }) => reader).join() === step.readers.join();
