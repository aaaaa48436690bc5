// One step taken back, right wherever it stopped: before it, after it or in its midst. What does not exist any more counts as
// taken back: an interface, a unit, a program, a directory.

import { dirname } from 'node:path';
import { failure } from '../errors.js';
import { stopDaemon } from './daemon.js';
import { withoutBlock } from './plan/paths.js';
import type { AddressStep, Command, CommandStep, Entry, FileBefore, FileStep } from './plan/types.js';
import { joined, wordsOf, wrong } from './step.js';
import type { BridgeSystem, FileNow } from './system.js';

/**
 * Returns a remark when something was gone already, or did not go and does not matter.
 * @throws PiburnError `STEP_FAILED` with the program's own words; system errors as they are.
 */
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

function undoFile(step: FileStep, { file, directories = [] }: Entry, system: BridgeSystem): string | undefined {
  const now = system.readFile(step.path);
  const folder = dirname(step.path);
  const isFolderGone = file !== undefined && system.missingDirectories(folder).length > 0;
  if (step.part === 'block') undoBlock(step, file, now, system);
  else if (file === undefined) system.removeFile(step.path);
  else if (!isFolderGone) system.writeFile(step.path, Buffer.from(file.base64, 'base64'), file);
  for (const each of directories.toReversed()) system.removeDirectory(each);
  if (isFolderGone) return `${folder} is gone, and so ${step.path} does not come back`;
  return step.part === 'block' && now === undefined && file !== undefined ? `${step.path} was gone already` : undefined;
}

/** What others have written around our block since then stays; nothing written, the file is as before to the byte. */
function undoBlock(step: FileStep, file: FileBefore | undefined, now: FileNow | undefined, system: BridgeSystem): void {
  if (now === undefined) return;
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
    const gone = await whatIsGone(command, system);
    if (gone !== undefined) {
      remarks.push(gone);
      continue;
    }
    const problem = wrong(command, wordsOf(result.stderr, result.stdout, result.exitCode));
    if (isDone && step.lenientUndo !== true) throw problem;
    remarks.push(problem.message);
  }
  return joined(remarks);
}

/** The interface or the unit that a command is about, when it does not exist any more. */
async function whatIsGone({ argv }: Command, system: BridgeSystem): Promise<string | undefined> {
  const [program = ''] = argv;
  if (program === 'ip') {
    const name = argv[argv.indexOf('dev') + 1] ?? '';
    const shown = await system.run({ argv: ['ip', 'link', 'show', 'dev', name] });
    return shown?.exitCode === 0 ? undefined : `there is no interface ${name} any more`;
  }
  if (program !== 'systemctl' || argv.length < 3) return undefined;
  const unit = argv.at(-1) ?? '';
  const state = await system.run({ argv: ['systemctl', 'show', '--property', 'LoadState,ActiveState', unit] });
  if (!/^LoadState=not-found$/m.test(state?.stdout ?? '')) return undefined;
  // Its file is gone, and what it started may go on.
  if (/^ActiveState=active$/m.test(state?.stdout ?? '')) {
    const stopped = await system.run({ argv: ['systemctl', 'stop', unit] });
    if (stopped !== undefined && stopped.exitCode !== 0) return undefined;
  }
  return `there is no ${unit} any more`;
}
