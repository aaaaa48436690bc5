// `piburn bridge …`: this machine feeds the cluster: addresses, names, and the way to the internet.

import type { Command } from 'commander';
import { type Ask, createBridge, deleteBridge, liveAccess, previewCreate, previewDelete } from '../bridge/bridge.js';
import { isIdle } from '../bridge/plan/create.js';
import type { BridgePlan, DeletePlan, Entry, Step, Wishes } from '../bridge/plan/types.js';
import { interruption, refusal } from '../errors.js';
import { given } from '../given.js';
import { renderBridge, renderSteps, type ShownStep } from '../report/bridge-text.js';
import type { End } from './card-target.js';
import { printJson } from './print-json.js';
import { isYes, type Terminal } from './terminal.js';

interface CommonFlags {
  readonly dryrun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface CreateFlags extends CommonFlags {
  readonly interface?: string;
  readonly private?: string;
  readonly ip?: string;
  readonly range?: string;
  readonly prefix?: string;
  readonly dns?: readonly string[];
  readonly domain?: string;
  /** True: without a word. */
  readonly ipv6?: string | boolean;
  readonly purge?: boolean;
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
  addCommon(command).action(async (flags: CreateFlags) => {
    await runCreate(flags, terminal);
    end({ code: 0, stuck: false });
  });
}

async function runCreate(flags: CreateFlags, terminal: Terminal): Promise<void> {
  if (flags.json) terminal.out = process.stderr;
  const access = liveAccess(process.env['SSH_CONNECTION']);
  const wishes = wishesOf(flags);
  if (flags.dryrun) {
    const plan = await previewCreate(wishes, access);
    if (flags.json) printJson({ type: 'bridge-plan', ...forPrograms(plan) });
    else showCreate(plan, true, terminal);
    return;
  }
  const asking = askWith<BridgePlan>(flags, terminal, (plan) => showCreate(plan, false, terminal), 'Make this bridge?');
  const { plan, done, isRefused } = await createBridge(wishes, access, asking);
  if (isRefused) throw interruption('nothing was changed');
  if (flags.json)
    printJson({ type: 'bridge-created', changed: done > 0 || !isIdle(plan), steps: done, ...resultOf(plan) });
  else if (isIdle(plan))
    terminal.say(`${renderBridge(plan.settings)}\nThe bridge is like this already; nothing was changed.`);
  else terminal.say(`The bridge is made: ${done} ${done === 1 ? 'step' : 'steps'}.`);
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
    yes: flags.yes,
  });

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
    ...plan.obsolete.toReversed().map(shownUndo),
    ...plan.steps.filter(({ step, needed }) => needed && isShown(step)).map(({ step }) => shownDo(step)),
  ];
  terminal.say(steps.length === 0 ? 'The bridge is like this already.' : `\n${renderSteps(steps, full)}`);
}

/** A step that only leads back has nothing to show forwards. */
const isShown = (step: Step): boolean => step.kind !== 'command' || step.do.length > 0;

function shownDo(step: Step): ShownStep {
  const { sentence } = step;
  if (step.kind === 'file') return { sentence, path: step.path, text: step.text, mode: step.mode };
  if (step.kind === 'command') return { sentence, commands: step.do.map(({ argv }) => argv) };
  if (step.kind === 'daemon') return { sentence, commands: [step.argv] };
  return { sentence };
}

const shownUndo = ({ step }: Entry): ShownStep => ({
  sentence: `undo: ${step.sentence}`,
  ...(step.kind === 'command' ? { commands: step.undo.map(({ argv }) => argv) } : {}),
});

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
    const steps = plan.entries.toReversed().filter(({ step }) => step.kind !== 'command' || step.undo.length > 0);
    terminal.say(steps.length === 0 ? 'There is no bridge.' : renderSteps(steps.map(shownUndo), full));
  };
  if (flags.dryrun) {
    const plan = await previewDelete(access);
    if (flags.json)
      printJson({ type: 'bridge-delete-plan', steps: plan.entries.map(({ step }) => step), warnings: plan.warnings });
    else show(plan, true);
    return;
  }
  const asking = askWith<DeletePlan>(flags, terminal, (plan) => show(plan, false), 'Undo the bridge?');
  const { done, isRefused } = await deleteBridge(access, asking);
  if (isRefused) throw interruption('nothing was changed');
  if (flags.json) printJson({ type: 'bridge-deleted', steps: done });
  else terminal.say(done === 0 ? 'There is no bridge; nothing was changed.' : 'The bridge is gone.');
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
    onStep: (step, isUndo) => terminal.say(`${isUndo ? 'undo: ' : ''}${step.sentence}`),
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
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack of an error');
