// What the question before a bench, its progress and its steps are called.

import type { BenchPart, BenchSample } from '../protocol/bench.js';
import type { TargetDescription } from '../protocol.js';
import { drawBar, glyphsFor } from './glyphs.js';
import { targetLines } from './medium-text.js';
import { bytesPerSecond, counted, rate, runningTime, stripControls } from './text.js';
import { clip } from './width.js';

/** Names every target that loses something, and what is on it. It ends with `[y/N] `. */
export function renderBenchQuestion(targets: readonly TargetDescription[]): string {
  const lost = targets.filter(({ fresh }) => !fresh);
  const made = targets.length - lost.length;
  const others = made === 0 ? [] : [`${counted(made, 'new file')} beside, removed afterwards`];
  const [one] = lost;
  const which = lost.length === 1 && one !== undefined ? stripControls(one.path) : `these ${lost.length}`;
  return `${[...lost.flatMap(targetLines), ...others].join('\n')}\nEverything on ${which} will be lost. Go on? [y/N] `;
}

export const partWords: Readonly<Record<BenchPart, string>> = {
  alone: 'each alone',
  blocks: 'block sizes',
  buffered: 'without O_DIRECT',
  together: 'several together',
};

/** `64K`, `4M`: as `--blocksize` takes it. */
export function blockText(blockBytes: number): string {
  if (blockBytes % 1024 ** 2 === 0) return `${blockBytes / 1024 ** 2}M`;
  return blockBytes % 1024 === 0 ? `${blockBytes / 1024}K` : String(blockBytes);
}

/** One line, no wider than `columns`. */
export function renderBenchProgress(sample: BenchSample, options: { columns: number; ascii?: boolean }): string {
  const { operation, part, paths, blockBytes, stepsDone, stepsTotal, doneBytes, stepMs } = sample;
  const glyphs = glyphsFor(options.ascii ?? false);
  const who = paths.length === 1 ? stripControls(paths[0] ?? '') : `${paths.length} together`;
  const how =
    part === 'buffered' ? ', without O_DIRECT' : part === 'blocks' ? `, blocks of ${blockText(blockBytes)}` : '';
  const speed = bytesPerSecond(doneBytes, stepMs);
  const parts = [
    runningTime(sample.elapsedMs).padStart(9),
    drawBar(stepsTotal > 0 ? stepsDone / stepsTotal : 0, 20, glyphs),
    `ETA ${runningTime(sample.remainingMs)}`,
    `${operation === 'write' ? 'writing' : 'reading'} ${who}${how}`,
    ...(speed === undefined || doneBytes === 0 ? [] : [rate(speed)]),
  ];
  return clip(parts.join('  '), Math.max(20, Math.floor(options.columns) || 20), glyphs.ellipsis);
}
