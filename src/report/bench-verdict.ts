// What a bench says about a set-up, in sentences: what limits it, and which --jobs and --blocksize fit.

import type { BenchReader, BenchResult, BenchVerdict } from '../protocol/bench.js';
import { blockText } from './bench-words.js';
import { rate, stripControls } from './text.js';

/** The limit, slow cards, advice: a sentence each. */
export function benchSentences({ verdict, readers, measures, readOnly }: BenchResult): string[] {
  if (verdict === undefined)
    return measures.length === 0
      ? ['Nothing was measured.']
      : ['Too little was measured to say what limits this set-up.'];
  const words = wordsFor(readers);
  const verb = verbs[readOnly ? 'read' : 'write'].single;
  return [
    limitSentence(verdict, readers, words),
    ...slowSentences(verdict, readers, verb),
    adviceSentence(verdict, readers, words),
  ];
}

interface Words {
  readonly one: string;
  readonly many: string;
  readonly shared: string;
}

/** What the readers are called: cards, or the files that stand in for them. */
function wordsFor(readers: readonly BenchReader[]): Words {
  if (readers.every(({ kind }) => kind === 'file'))
    return { one: 'file', many: 'files', shared: 'the disk under the files' };
  const hubs = new Set(readers.map(({ hub }) => hub));
  const [hub] = hubs;
  const shared =
    hubs.size === 1 && hub !== undefined
      ? `the hub they share (${stripControls(hub)})`
      : 'what they share (hub or controller)';
  return { one: 'card', many: 'cards', shared };
}

function limitSentence(verdict: BenchVerdict, readers: readonly BenchReader[], words: Words): string {
  const { limit, readers: count, cpuShare } = verdict;
  if (count === 1) return singleSentence(verdict, readers, words);
  const { plural } = verbs[verdict.operation];
  switch (limit) {
    case 'cards':
      return `Each ${words.one} by itself is the limit: ${together(verdict)}, ${percent(verdict.allBytesPerSecond / verdict.aloneBytesPerSecond)} of what they do one by one.`;
    case 'links':
      return `The USB links of the readers are the limit (${linkText(readers)}): ${together(verdict)}. A faster port or reader would help.`;
    case 'shared':
      return `The limit is ${words.shared}: ${together(verdict)}, where one by one they add up to ${rate(verdict.aloneBytesPerSecond)}.`;
    case 'cpu':
      if (isAsAlone(verdict))
        return `The CPU is the limit: each ${words.one} keeps one CPU busy; ${together(verdict)} with ${percent(cpuShare)} of all CPUs.`;
      return `The CPU is the limit: ${percent(cpuShare)} of it is busy while ${count} ${plural} ${rate(verdict.allBytesPerSecond)} together; one by one they add up to ${rate(verdict.aloneBytesPerSecond)}.`;
  }
}

/** Where several are as fast as each alone, it is not all CPUs together that hold them up, but the one of each. */
const isAsAlone = ({ allBytesPerSecond, aloneBytesPerSecond, cpuShare }: BenchVerdict): boolean =>
  cpuShare < 0.85 && allBytesPerSecond >= 0.85 * aloneBytesPerSecond;

const verbs = {
  write: { plural: 'write', single: 'writes' },
  read: { plural: 'read', single: 'reads' },
} as const;

function singleSentence(verdict: BenchVerdict, readers: readonly BenchReader[], { one }: Words): string {
  const { limit, operation, allBytesPerSecond, cpuShare } = verdict;
  const speed = `it ${verbs[operation].single} ${rate(allBytesPerSecond)} with ${percent(cpuShare)} of one CPU`;
  switch (limit) {
    case 'cpu':
      return `The CPU is the limit of this ${one}: ${speed}.`;
    case 'links':
      return `The USB link is the limit of this ${one} (${linkText(readers)}): ${speed}.`;
    default:
      return `The ${one} itself is the limit: ${speed}.`;
  }
}

/** `3 write 74.0 MB/s together, 6 write 75.2 MB/s`. */
function together({ operation, jobs, readers, jobsBytesPerSecond, allBytesPerSecond }: BenchVerdict): string {
  const { plural, single } = verbs[operation];
  const all = `${readers} ${plural} ${rate(allBytesPerSecond)} together`;
  return jobs < readers ? `${jobs} ${jobs === 1 ? single : plural} ${rate(jobsBytesPerSecond)}, ${all}` : all;
}

const linkText = (readers: readonly BenchReader[]): string =>
  [...new Set(readers.flatMap(({ linkMbps }) => linkMbps ?? []))].map((speed) => `${speed} Mbit/s`).join(' and ');

function slowSentences({ slow, usualBytesPerSecond }: BenchVerdict, readers: readonly BenchReader[], verb: string) {
  return slow.map(({ reader, bytesPerSecond }) => {
    const path = stripControls(readers[reader]?.path ?? '');
    return `${path} is slow: it ${verb} ${rate(bytesPerSecond)} alone, where ${rate(usualBytesPerSecond)} are usual here; it holds up no other, but ends last.`;
  });
}

function adviceSentence(
  { jobs, readers, blockBytes, blockGain }: BenchVerdict,
  named: readonly BenchReader[],
  { many }: Words,
): string {
  const block =
    blockGain > 0
      ? `--blocksize=${blockText(blockBytes)} is ${percent(blockGain)} faster than the usual 4M`
      : `--blocksize=${blockText(blockBytes)}, the usual one, fits`;
  if (readers === 1 && named.length > 1) return `${block}; what several share was not measured.`;
  if (readers === 1) return `${block}; name several ${many} to see what they share.`;
  const number =
    jobs < readers
      ? `--jobs=${jobs} is enough: more at once gain nothing`
      : `All ${readers} at once are the fastest, so --jobs can be left out`;
  return `${number}; ${block}.`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
