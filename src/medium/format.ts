// `piburn format`: one partition over the whole card, empty, as a camera or a PC wants it. Everything that can be refused
// is refused first; then the old signatures go, sfdisk and mkfs do their work, and table and boot sector are read back.

import { moduleUrl } from '../code-root.js';
import { unmountAll } from '../devices/unmount.js';
import { PiburnError } from '../errors.js';
import type { FormattedCard } from '../protocol/probe.js';
import type { TargetDescription } from '../protocol.js';
import { makeExfat } from './exfat.js';
import type { FormatJob, FormatStep } from './format-worker.js';
import { type CardLayout, type FileSystemName, planLayout } from './layout.js';
import { onThread } from './on-thread.js';
import { notConfirmed } from './probe.js';
import { Progress } from './progress.js';
import { type Allowances, inspectTarget, type Target } from './target.js';
import { runTool } from './tools.js';

export interface FormatOptions extends Allowances {
  readonly label?: string;
  readonly fileSystem?: FileSystemName;
  confirm(target: TargetDescription, layout: CardLayout): Promise<boolean>;
}

/** @throws PiburnError: reasons not to write, `NOT_CONFIRMED`, `LABEL`, `PROGRAM_MISSING`, `FORMAT_READ_BACK`, … */
export async function format(
  path: string,
  options: FormatOptions,
  inspect: (path: string, allowed: Allowances) => Promise<Target> = inspectTarget,
): Promise<FormattedCard> {
  const target = await inspect(path, options);
  const layout = planLayout(path, target.description.sizeBytes ?? 0, options);
  await requirePrograms(layout, path);
  if (!(await options.confirm(target.description, layout))) throw notConfirmed();
  await unmountAll(target.description.mountpoints);
  const { sectorBytes = 512 } = await onCard(target, layout, { task: 'wipe' });
  await runTool('sfdisk', sfdiskOptions(path), path, tableText(layout, sectorBytes));
  if (layout.fileSystem === 'fat32') await runTool('mkfs.vfat', fatOptions(path, layout, sectorBytes), path);
  else await putExfat(target, layout, sectorBytes);
  await onCard(target, layout, { task: 'check' });
  const { fileSystem, label, startBytes, sizeBytes } = layout;
  return { path, fileSystem, label, partition: { startBytes, sizeBytes } };
}

/** Before anything is lost. */
async function requirePrograms({ fileSystem }: CardLayout, path: string): Promise<void> {
  await runTool('sfdisk', ['--version'], path);
  // mkfs.vfat and mkfs.exfat end their help with an error; that they are there at all is what counts.
  try {
    await runTool(fileSystem === 'fat32' ? 'mkfs.vfat' : 'mkfs.exfat', ['--help'], path);
  } catch (error) {
    if (!(error instanceof PiburnError) || error.failure.code !== 'PROGRAM_FAILED') throw error;
  }
}

/** Old signatures are gone already; sfdisk tells the kernel of the new table. */
const sfdiskOptions = (path: string): string[] => ['--quiet', '--wipe', 'always', '--wipe-partitions', 'always', path];

const tableText = ({ startBytes, sizeBytes, type }: CardLayout, sectorBytes: number): string =>
  `label: dos\nunit: sectors\nstart=${startBytes / sectorBytes}, size=${sizeBytes / sectorBytes}, type=${type.toString(16)}\n`;

/** Through the disk itself, at an offset: the node of the partition may come late, and a file has none. */
const fatOptions = (path: string, { startBytes, sizeBytes, label }: CardLayout, sectorBytes: number): string[] => [
  ...['-I', '-F', '32', '-S', String(sectorBytes), '-n', label],
  ...['-h', String(startBytes / sectorBytes), '--offset', String(startBytes / sectorBytes)],
  ...[path, String(sizeBytes / 1024)],
];

async function putExfat(target: Target, layout: CardLayout, sectorBytes: number): Promise<void> {
  const made = await makeExfat(target.identity, layout, sectorBytes);
  try {
    await onCard(target, layout, { task: 'copy', source: made.path, sourceBytes: made.usedBytes });
  } finally {
    made.remove();
  }
}

async function onCard(
  { identity }: Target,
  layout: CardLayout,
  task: Pick<FormatJob, 'task' | 'source' | 'sourceBytes'>,
): Promise<FormatStep> {
  const progress = new Progress();
  const job: FormatJob = { target: identity, layout, progress: progress.shared, ...task };
  const worker = moduleUrl('medium/format-worker.js');
  const step = await onThread<FormatStep>(worker, job, { path: identity.path, progress, onSample: () => undefined });
  if (step.failure !== undefined) throw new PiburnError(step.failure);
  return step;
}
