// One step, done or undone. Undoing is right wherever the step stopped: before it, after it or in its midst.

import { dirname } from 'node:path';
import { failure, type PiburnError } from '../errors.js';
import { given } from '../given.js';
import { startDaemon, stopDaemon } from './daemon.js';
import { headLine, paths, withoutBlock } from './plan/paths.js';
import type { AddressStep, Command, CommandStep, Entry, FileBefore, FileStep, Step } from './plan/types.js';
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

const joined = (remarks: readonly string[]): string | undefined =>
  remarks.length === 0 ? undefined : remarks.join('; ');

const maxWords = 600;

/** The program's last words. */
const wordsOf = (stderr: string, stdout: string, exitCode: number): string =>
  `${(stderr.trim() || stdout.trim() || 'it said nothing').slice(-maxWords)} (exit code ${exitCode})`;

const wrong = ({ argv }: Command, words: string): PiburnError =>
  failure('STEP_FAILED', `\`${argv.join(' ')}\`: ${words}`, { hint: 'see what the program says' });

/** Takes the step back. Returns a remark when something did not go, and it does not matter. */
export async function undo(entry: Entry, system: BridgeSystem): Promise<string | undefined> {
  const { step } = entry;
  switch (step.kind) {
    case 'file':
      return undoFile(step, entry, system);
    case 'sysctl':
      if (entry.value !== undefined && system.readSysctl(step.key) === step.value)
        system.writeSysctl(step.key, entry.value);
      return undefined;
    case 'daemon':
      return void (await stopDaemon(system));
    case 'address':
      return undoAddress(step, system);
    case 'command':
      return undoCommand(step, entry.isDone, system);
  }
}

function undoFile(step: FileStep, { file, directories = [] }: Entry, system: BridgeSystem): undefined {
  const now = system.readFile(step.path);
  if (step.part === 'block' && now !== undefined) undoBlock(step, file, now, system);
  else if (file === undefined) system.removeFile(step.path);
  else system.writeFile(step.path, Buffer.from(file.base64, 'base64'), file);
  for (const each of directories.toReversed()) system.removeDirectory(each);
  return undefined;
}

/** What others have written around our block since then stays; nothing written, the file is as before to the byte. */
function undoBlock(step: FileStep, file: FileBefore | undefined, now: FileNow, system: BridgeSystem): void {
  const text = now.bytes.toString('latin1');
  const foreign = withoutBlock(text);
  const before = file === undefined ? '' : Buffer.from(file.base64, 'base64').toString('latin1');
  const isAsBefore = foreign === before || foreign === `${before}\n`;
  if (file === undefined && foreign === '') system.removeFile(step.path);
  else if (file !== undefined && isAsBefore) system.writeFile(step.path, Buffer.from(before, 'latin1'), file);
  else if (foreign !== text) system.writeFile(step.path, Buffer.from(foreign, 'latin1'), now);
}

async function undoAddress({ address, interface: name }: AddressStep, system: BridgeSystem): Promise<undefined> {
  const result = await system.run({ argv: ['ip', 'address', 'del', address, 'dev', name] });
  if (result === undefined || result.exitCode === 0) return;
  const shown = await system.run({ argv: ['ip', '-oneline', 'address', 'show', 'dev', name] });
  // Gone already, with the interface perhaps.
  if (shown?.exitCode !== 0 || !shown.stdout.includes(` ${address} `)) return;
  throw failure('STEP_FAILED', `${address} stays on ${name}: ${result.stderr.trim()}`, {
    hint: 'take it away by `ip address del`',
  });
}

async function undoCommand(step: CommandStep, isDone: boolean, system: BridgeSystem): Promise<string | undefined> {
  const remarks: string[] = [];
  for (const command of step.undo) {
    const result = await system.run(command);
    // A program that is gone has nothing of ours any more.
    if (result === undefined || result.exitCode === 0) continue;
    const problem = wrong(command, wordsOf(result.stderr, result.stdout, result.exitCode));
    if (isDone && step.lenientUndo !== true) throw problem;
    remarks.push(problem.message);
  }
  return joined(remarks);
}
