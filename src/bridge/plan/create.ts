// Wishes and facts → an ordered list of steps, each with its undo, and which of them are to be done: what is as it shall
// be already is left alone.

import { addressSteps } from './address-steps.js';
import { dnsmasqSteps, judgeStep } from './dnsmasq-steps.js';
import { packageSteps } from './package-steps.js';
import { refuse } from './refuse.js';
import { forwardingSteps, seedSteps } from './service-steps.js';
import { settle } from './settings.js';
import type { BridgeFacts, BridgePlan, CommandStep, Entry, FileStep, PlannedStep, Step, Wishes } from './types.js';

/** @throws PiburnError for wishes that make no sense or that this machine cannot have; nothing has been done then. */
export function planCreate(wishes: Wishes, facts: BridgeFacts): BridgePlan {
  const settings = settle(wishes, facts);
  const warnings = refuse(settings, wishes, facts);
  const purge = wishes.purge ?? false;
  const steps = [
    ...judgedFirst(judgeStep(settings, facts, purge), packageSteps(facts, purge), facts),
    ...seedSteps,
    ...addressSteps(settings, facts),
    ...forwardingSteps(settings, facts),
    ...dnsmasqSteps(settings, facts, purge),
  ];
  const entries = facts.state?.entries ?? [];
  const ids = new Set(steps.map(({ id }) => id));
  const obsolete = entries.filter(({ step }) => !ids.has(step.id) && !isHistory(step));
  const kept = steps.map((step) => withOldUndo(step, entries));
  const needs = new Needs(facts);
  return {
    settings,
    warnings,
    obsolete,
    steps: kept.map((step): PlannedStep => ({ step, needed: needs.judge(step) })),
  };
}

/** Before anything else where dnsmasq is there to judge, otherwise as soon as it is. */
const judgedFirst = (judge: Step, packages: readonly Step[], { programs }: BridgeFacts): readonly Step[] =>
  programs['dnsmasq'] === undefined ? [...packages, judge] : [judge, ...packages];

/** Whether a plan changes anything. */
export const isIdle = (plan: BridgePlan): boolean =>
  plan.obsolete.length === 0 && plan.steps.every(({ needed }) => !needed);

/** Packages were installed once; nothing of that is undone. */
const isHistory = (step: Step): boolean => step.kind === 'command' && step.undo.length === 0;

/** What leads back was decided when there was no bridge; today's facts are of our own making. */
function withOldUndo(step: Step, entries: readonly Entry[]): Step {
  const old = entries.find((entry) => entry.step.id === step.id)?.step;
  return step.kind === 'command' && old?.kind === 'command' ? { ...step, undo: old.undo } : step;
}

/** Judges the steps in their order: a command is run when a file of its changes, or when what it starts is down. */
class Needs {
  readonly #facts: BridgeFacts;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #changed = new Set<string>();
  #installed = false;

  constructor(facts: BridgeFacts) {
    this.#facts = facts;
    this.#entries = new Map((facts.state?.entries ?? []).map((entry) => [entry.step.id, entry]));
  }

  judge(step: Step): boolean {
    const needed = this.#isNeeded(step);
    if (needed && step.kind === 'file') this.#changed.add(step.path);
    if (needed && isInstallation(step)) this.#installed = true;
    return needed;
  }

  #isNeeded(step: Step): boolean {
    const entry = this.#entries.get(step.id);
    if (entry?.isDone === false) return true;
    switch (step.kind) {
      case 'file':
        return entry === undefined || this.#fileDiffers(step);
      case 'sysctl':
        return this.#facts.sysctl[step.key] !== step.value;
      case 'daemon':
        return [this.#facts.daemonPid, this.#facts.keeperPid].includes(undefined) || this.#isChanged(step.after);
      case 'address':
        return !this.#hasAddress(step.interface, step.address);
      case 'command':
        return this.#commandIsNeeded(step, entry);
    }
  }

  #fileDiffers({ path, text, mode, part }: FileStep): boolean {
    const now = this.#facts.files[path];
    return now === undefined || (part !== 'seed' && (now.text !== text || now.mode !== mode));
  }

  #hasAddress(name: string, text: string): boolean {
    const [address, length] = text.split('/');
    const own = this.#facts.interfaces.find((each) => each.name === name)?.addresses ?? [];
    return own.some((one) => one.address === address && one.prefixLength === Number(length));
  }

  #commandIsNeeded(step: CommandStep, entry: Entry | undefined): boolean {
    if (isInstallation(step)) return true;
    const [, link] = /^link:(.*)/.exec(step.id) ?? [];
    if (link !== undefined) return !this.#facts.interfaces.some(({ name, isUp }) => name === link && isUp);
    if (entry !== undefined && isFedOtherwise(step, entry)) return true;
    return entry === undefined || (step.do.length > 0 && (this.#isChanged(step.after ?? []) || this.#isDown(step.id)));
  }

  #isChanged(paths: readonly string[]): boolean {
    return this.#installed || paths.some((path) => this.#changed.has(path));
  }

  #isDown(id: string): boolean {
    if (id === 'nft') return !this.#facts.hasTable;
    const service = { unit: 'piburn-bridge', dnsmasq: 'dnsmasq', 'dnsmasq-unit': 'piburn-bridge-dnsmasq' }[id];
    return service !== undefined && this.#facts.services[service]?.isActive !== true;
  }
}

/** Its programs would read something else than then. */
const isFedOtherwise = (step: CommandStep, { step: old }: Entry): boolean =>
  old.kind === 'command' && step.do.some(({ input }, index) => input !== old.do[index]?.input);

const isInstallation = ({ id }: Step): boolean => id === 'purge' || id.startsWith('install');
