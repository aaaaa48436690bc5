// What `probe` and `format` have in common: the options that keep a wrong disk safe, the question, and how a disk that hangs
// ends a command.

import type { Command } from 'commander';
import { asPiburnError } from '../errors.js';
import type { Allowances } from '../medium/target.js';
import type { TargetDescription } from '../protocol.js';
import { renderFailure } from '../report/failure.js';
import { renderMediumQuestion } from '../report/medium-text.js';
import type { Ending } from './ending.js';
import { printJson } from './print-json.js';
import { isYes, type Terminal } from './terminal.js';

export interface SafetyFlags {
  readonly yes?: boolean;
  readonly unmount?: boolean;
  readonly allowFixed?: boolean;
  readonly allowLarge?: boolean;
  readonly json?: boolean;
}

export const deviceHelp = 'a card such as /dev/sda, "slot 3" or a label, or a card file (DEV)';

export function addSafetyOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'answer the question before the first write with yes')
    .option('--unmount', 'unmount a card that is mounted outside of /media')
    .option('--allow-fixed', 'allow disks that are neither removable nor USB nor SD')
    .option('--allow-large', 'allow disks larger than 256 GB')
    .option('--json', 'print the result as JSON')
    .option('--verbose', 'print the stack of an error');
}

export const allowances = ({ unmount, allowFixed, allowLarge }: SafetyFlags): Allowances => ({
  unmount: unmount ?? false,
  allowFixed: allowFixed ?? false,
  allowLarge: allowLarge ?? false,
});

export async function ask(
  target: TargetDescription,
  consequence: string,
  { yes }: SafetyFlags,
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true;
  if (!terminal.canAsk(false)) return false;
  return isYes(await terminal.ask(renderMediumQuestion(target, consequence)));
}

/** A disk that hangs leaves a thread behind, which ends with the process: the engine is told not to wait for it. */
export async function orStuck(
  work: () => Promise<Ending>,
  path: string,
  { json }: SafetyFlags,
  terminal: Terminal,
): Promise<Ending> {
  try {
    return await work();
  } catch (error) {
    const problem = asPiburnError(error);
    if (problem.failure.code !== 'STALLED') throw error;
    terminal.sayError(renderFailure(problem.failure, { color: terminal.errorColor }));
    if (json) printJson({ type: 'card-stuck', path, failure: problem.failure });
    return { code: problem.exitCode, stuck: true };
  }
}
