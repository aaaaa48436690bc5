// `piburn bridge …`: this machine feeds the cluster: addresses, names, and the way to the internet.

import type { Command } from 'commander';
import { type Ask, createBridge, deleteBridge, liveAccess, previewCreate, previewDelete } from '../bridge/bridge.js';
import { isIdle } from '../bridge/plan/create.js';
import { doWords, undoWords } from '../bridge/plan/step-words.js';
import type { BridgePlan, DeletePlan, Entry, OnSession, Step, Wishes } from '../bridge/plan/types.js';
import { isAllUp } from '../bridge/use/part.js';
import { isOwnPart, untilUp } from '../bridge/use/until-up.js';
import { interruption, refusal } from '../errors.js';
import { given } from '../given.js';
import { partsSummary, renderParts } from '../report/bridge-parts.js';
import { renderBridge, renderSteps, type ShownStep } from '../report/bridge-text.js';
import type { End } from './card-target.js';
import { printJson } from './print-json.js';
import { isYes, type Terminal } from './terminal.js';

interface CommonFlags {
  readonly dryrun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly allowSession?: boolean;
}

interface CreateFlags extends CommonFlags, Omit<Wishes, 'onSession' | 'ipv6'> {
  /** True: without a word. */
  readonly ipv6?: string | boolean;
}

/** Returns the `bridge` command, for those that add further ones. */
export function addBridgeCommands(program: Command, terminal: Terminal, end: End): Command {
  const bridge = program
    .command('bridge')
    .description('have this machine feed the cluster: addresses, names, internet');
  addCreate(bridge, terminal, end);
  addDelete(bridge, terminal, end);
  return bridge;
}

function addCreate(bridge: Command, terminal: Terminal, end: End): void {
  const command = bridge
    .command('create')
    .description('make the bridge, or change it; what is not said stays as it is')
    .option('--interface <name>', 'towards the internet, or none (default: the one of the default route)')
    .option('--private <name>', 'towards the cluster (default: eth0, or eth1 when eth0 is the uplink)')
    .option('--ip <address>', 'address of this machine in the cluster (default: 10.1.1.1)')
    .option('--range <first-last>', 'addresses for the cluster (default: 10.1.1.2-10.1.1.122)')
    .option('--prefix <length>', "prefix length of the cluster's network (default: 24)")
    .option('--dns <address>', 'name server to ask, may be repeated; none: those of this machine (default)', repeated)
    .option('--domain <name>', 'domain of the cluster (default: cluster)')
    .option('--ipv6 [prefix]', 'IPv6 as well: a ULA prefix (default: one of this machine), routed, or both; else NAT66')
    .option('--no-ipv6', 'without IPv6')
    .option('--purge', 'remove dnsmasq with its settings first, and install it anew');
  addCommon(command).action(async (flags: CreateFlags) =>
    end({ code: await runCreate(flags, terminal), stuck: false }),
  );
}

async function runCreate(flags: CreateFlags, terminal: Terminal): Promise<number> {
  if (flags.json) terminal.out = process.stderr;
  const access = liveAccess(process.env['SSH_CONNECTION']);
  const wishes = wishesOf(flags);
  if (flags.dryrun) {
    const plan = await previewCreate(wishes, access);
    if (flags.json) printJson({ type: 'bridge-plan', ...forPrograms(plan) });
    else showCreate(plan, true, terminal);
    return 0;
  }
  const asking = askWith<BridgePlan>(flags, terminal, (plan) => showCreate(plan, false, terminal), 'Make this bridge?');
  const { plan, done, isRefused } = await createBridge(wishes, access, asking);
  if (isRefused) throw interruption('nothing was changed');
  const parts = await untilUp(access, isOwnPart);
  const isUp = isAllUp(parts);
  if (flags.json)
    printJson({ type: 'bridge-created', changed: !isIdle(plan), steps: done, ...resultOf(plan), isUp, parts });
  else {
    if (isIdle(plan))
      terminal.say(`${renderBridge(plan.settings)}\nThe bridge is like this already; nothing was changed.`);
    else terminal.say(`The bridge is made: ${done} ${done === 1 ? 'step' : 'steps'}.`);
    if (!isUp) terminal.say(`\n${renderParts(parts, terminal)}\n${partsSummary(parts)}`);
  }
  return isUp ? 0 : 1;
}

const wishesOf = (flags: CreateFlags): Wishes =>
  given({
    interface: flags.interface,
    private: flags.private,
    ip: flags.ip,
    range: flags.range,
    prefix: flags.prefix,
    dns: flags.dns,
    domain: flags.domain,
    ipv6: flags.ipv6 === true ? 'nat' : flags.ipv6,
    purge: flags.purge,
    onSession: onSession(flags),
  });

/** A dry run looks only. */
function onSession({ allowSession, dryrun }: CommonFlags): OnSession {
  if (allowSession) return 'allow';
  return dryrun ? 'warn' : 'refuse';
}

const resultOf = ({ settings, warnings }: BridgePlan) => ({ settings, warnings });

const forPrograms = (plan: BridgePlan) => ({
  ...resultOf(plan),
  steps: plan.steps,
  obsolete: plan.obsolete.map(({ step }) => step),
});

function showCreate(plan: BridgePlan, full: boolean, terminal: Terminal): void {
  terminal.say(renderBridge(plan.settings));
  for (const warning of plan.warnings) terminal.say(`Warning: ${warning}.`);
  const steps = [
    ...plan.obsolete.toReversed().flatMap(shownUndo),
    ...plan.steps.flatMap(({ step, needed }) => (needed ? shownDo(step) : [])),
  ];
  terminal.say(steps.length === 0 ? 'The bridge is like this already.' : `\n${renderSteps(steps, full)}`);
}

function shownDo(step: Step): ShownStep[] {
  const words = doWords(step);
  if (words === undefined) return [];
  if (step.kind === 'file') return [{ sentence: words, path: step.path, text: step.text, mode: step.mode }];
  if (step.kind === 'command') return [{ sentence: words, commands: step.do.map(({ argv }) => argv) }];
  return [{ sentence: words, ...(step.kind === 'daemon' ? { commands: [step.argv] } : {}) }];
}

function shownUndo(entry: Entry): ShownStep[] {
  const words = undoWords(entry);
  if (words === undefined) return [];
  const { step } = entry;
  return [{ sentence: words, ...(step.kind === 'command' ? { commands: step.undo.map(({ argv }) => argv) } : {}) }];
}

function addDelete(bridge: Command, terminal: Terminal, end: End): void {
  const command = bridge.command('delete').description('undo all that `bridge create` has done, reservations included');
  addCommon(command).action(async (flags: CommonFlags) => {
    await runDelete(flags, terminal);
    end({ code: 0, stuck: false });
  });
}

async function runDelete(flags: CommonFlags, terminal: Terminal): Promise<void> {
  if (flags.json) terminal.out = process.stderr;
  const access = liveAccess(process.env['SSH_CONNECTION']);
  const show = (plan: DeletePlan, full: boolean) => {
    for (const warning of plan.warnings) terminal.say(`Warning: ${warning}.`);
    const steps = plan.entries.toReversed().flatMap(shownUndo);
    terminal.say(steps.length === 0 ? 'There is no bridge.' : renderSteps(steps, full));
  };
  if (flags.dryrun) {
    const plan = await previewDelete(access, onSession(flags));
    if (flags.json)
      printJson({ type: 'bridge-delete-plan', steps: plan.entries.map(({ step }) => step), warnings: plan.warnings });
    else show(plan, true);
    return;
  }
  const asking = askWith<DeletePlan>(flags, terminal, (plan) => show(plan, false), 'Undo the bridge?');
  const { plan, done, isRefused, wasThere } = await deleteBridge(access, asking, onSession(flags));
  if (isRefused) throw interruption('nothing was changed');
  if (flags.json) printJson({ type: 'bridge-deleted', steps: done, warnings: plan.warnings });
  else terminal.say(wasThere ? 'The bridge is gone.' : 'There is no bridge; nothing was changed.');
}

/** One question; then a line for each step. Ctrl-C takes back what was done. */
function askWith<Plan>(
  flags: CommonFlags,
  terminal: Terminal,
  show: (plan: Plan) => void,
  question: string,
): Ask<Plan> {
  let isCancelled = false;
  return {
    isCancelled: () => isCancelled,
    onStep: (words) => terminal.say(words),
    onRemark: (remark) => terminal.say(`Note: ${remark}`),
    async confirm(plan) {
      show(plan);
      if (flags.yes !== true && !terminal.canAsk(false)) {
        throw refusal('NOT_CONFIRMED', 'there is nobody to ask, and nothing was changed', {
          hint: 'say --yes when this is what you want',
        });
      }
      const isAgreed = flags.yes === true || isYes(await terminal.ask(`${question} [y/N] `));
      if (isAgreed) {
        terminal.onInterrupt(() => {
          isCancelled = true;
        });
      }
      return isAgreed;
    },
  };
}

const repeated = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

const addCommon = (command: Command): Command =>
  command
    .option('--dryrun', 'show every step and file, and change nothing')
    .option('-y, --yes', 'do not ask; SSH sessions stay protected')
    .option('--allow-session', 'go on though an SSH session over the side of the cluster may be cut off by it')
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack of an error');
