// One step: what it finds, and doing it.

import { dirname } from 'node:path';
import { failure, type PiburnError } from '../errors.js';
import { given } from '../given.js';
import { startDaemon } from './daemon.js';
import { headLine, paths, withoutBlock } from './plan/paths.js';
import type { Command, Entry, FileBefore, FileStep, Step } from './plan/types.js';
import type { BridgeSystem, FileNow } from './system.js';

/** What a step will change, as it is now: the entry for the state. */
export function begin(step: Step, system: BridgeSystem): Entry {
  const entry: Entry = { step, isDone: false };
  if (step.kind === 'sysctl') {
    const value = system.readSysctl(step.key);
    return value === undefined ? entry : { ...entry, value };
  }
  if (step.kind !== 'file') return entry;
  const missing = system.missingDirectories(dirname(step.path));
  const bare = missing.length === 0 ? entry : { ...entry, directories: missing };
  const now = system.readFile(step.path);
  // A file of ours that no state remembers: there was none before us.
  const isOurs = now?.bytes.subarray(0, headLine.length).toString('latin1') === headLine;
  const file = now === undefined || isOurs ? undefined : beforeOf(now, step);
  return file === undefined ? bare : { ...bare, file };
}

function beforeOf({ bytes, mode, uid, gid }: FileNow, step: FileStep): FileBefore {
  const foreign = step.part === 'block' ? Buffer.from(withoutBlock(bytes.toString('latin1')), 'latin1') : bytes;
  return { base64: foreign.toString('base64'), mode, uid, gid };
}

/**
 * Does the step. Returns a remark when something did not go, and it does not matter.
 * @throws PiburnError `STEP_FAILED` with the program's own words; system errors as they are.
 */
export async function perform(step: Step, system: BridgeSystem): Promise<string | undefined> {
  switch (step.kind) {
    case 'file':
      return void (await placeFile(step, system));
    case 'sysctl':
      return void system.writeSysctl(step.key, step.value);
    case 'daemon':
      return void (await startDaemon(system, step.argv));
    case 'address':
      return runAll([{ argv: ['ip', 'address', 'replace', step.address, 'dev', step.interface] }], system);
    case 'command':
      return runAll(step.do, system);
  }
}

/** A copy is judged first, where there is somebody to judge it. */
async function placeFile(step: FileStep, system: BridgeSystem): Promise<void> {
  const bytes = Buffer.from(step.text, 'latin1');
  for (const each of system.missingDirectories(dirname(step.path))) system.makeDirectory(each);
  const now = system.readFile(step.path);
  if (step.part === 'seed' && now !== undefined) return;
  if (step.check !== undefined) {
    system.writeFile(paths.check, bytes, { mode: 0o600 });
    try {
      await runAll([{ argv: step.check.map((word) => word.replace('{}', paths.check)) }], system);
    } finally {
      system.removeFile(paths.check);
    }
  }
  const { mode, uid, gid } = now ?? { mode: step.mode, uid: undefined, gid: undefined };
  system.writeFile(step.path, bytes, step.part === 'block' ? { mode, ...given({ uid, gid }) } : { mode: step.mode });
}

async function runAll(commands: readonly Command[], system: BridgeSystem): Promise<string | undefined> {
  const remarks: string[] = [];
  for (const command of commands) {
    const result = await system.run(command);
    if (result?.exitCode === 0) continue;
    const problem = wrong(
      command,
      result === undefined ? 'the program is not installed' : wordsOf(result.stderr, result.stdout, result.exitCode),
    );
    if (command.mayFail !== true) throw problem;
    remarks.push(problem.message);
  }
  return joined(remarks);
}

/** Several remarks as one. */
export const joined = (remarks: readonly string[]): string | undefined =>
  remarks.length === 0 ? undefined : [...new Set(remarks)].join('; ');

const maxWords = 600;

/** The program's last words. */
export const wordsOf = (stderr: string, stdout: string, exitCode: number): string =>
  `${(stderr.trim() || stdout.trim() || 'it said nothing').slice(-maxWords)} (exit code ${exitCode})`;

export const wrong = ({ argv }: Command, words: string): PiburnError =>
  failure('STEP_FAILED', `\`${argv.join(' ')}\`: ${words}`, { hint: 'see what the program says' });
