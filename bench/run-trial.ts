// One trial: fresh cards, a fresh process, its measure, and a look at every card. Or why it cannot be made here.

import { isRoot } from '../test/e2e/support.js';
import { type Cards, withCards } from './cards.js';
import { delta, etcher, type Job, newName } from './contenders.js';
import { type Measure, measure } from './measure.js';
import { availableBytes } from './place.js';
import { type Command, isThere, piburn, run } from './programs.js';
import type { Source, Workshop } from './set-up.js';
import { canThrottle, withSlowDevices } from './throttle.js';
import type { SetUp, Trial } from './trials.js';

export async function runTrial(
  { setUp, contender }: Trial,
  source: Source,
  { tools }: Workshop,
  place: string,
): Promise<Measure> {
  const { image } = source;
  const isPatched = contender === delta;
  const onCards = async ({ paths, store: emptyStore, work }: Cards): Promise<Measure> => {
    const store = contender.isWarm ? source.warmStore : emptyStore;
    const job: Job = { image, source: source.path, cards: paths, store, work, tools };
    if (contender.before !== undefined) await run(contender.before(job));
    const measured = await slowly(setUp, paths, (slowed) => measureAll(contender.commands(job).map(slowed), paths));
    return isPatched && measured.problem === undefined ? await checkNames(measured, job) : measured;
  };
  const patched = { within: rangeOf(image.layout.boot), blocksMost: patchBlocksMost };
  return await withCards(place, image, setUp.cards, onCards, isPatched ? patched : undefined);
}

/** Files with the settings of a node, their directory entries and their places in the FAT. */
const patchBlocksMost = 64;

const rangeOf = ({ offsetBytes, lengthBytes }: { readonly offsetBytes: number; readonly lengthBytes: number }) => {
  return { startBytes: offsetBytes, endBytes: offsetBytes + lengthBytes };
};

const slowly = (
  { speedsOf }: SetUp,
  devices: readonly string[],
  action: (slowed: (command: Command) => Command) => Promise<Measure>,
): Promise<Measure> =>
  speedsOf === undefined ? action((command) => command) : withSlowDevices(devices, speedsOf, action);

/** One after the other; the longest of them counts, with the CPU time and the peaks of all. */
async function measureAll(commands: readonly Command[], devices: readonly string[]): Promise<Measure> {
  const measures: Measure[] = [];
  for (const command of commands) measures.push(await measure(command, devices));
  return measures.reduce(longest);
}

function longest(a: Measure, b: Measure): Measure {
  const [longer, other] = a.wallSeconds >= b.wallSeconds ? [a, b] : [b, a];
  const problem = a.problem ?? b.problem;
  return {
    ...longer,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    machineCpuSeconds: a.machineCpuSeconds + b.machineCpuSeconds,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
    residentBytes: Math.max(a.residentBytes, b.residentBytes),
    ownBytes: Math.max(a.ownBytes, b.ownBytes),
    // A command that touches no card has nothing to say of them.
    cards: longer.cards.some(({ writtenBytes }) => writtenBytes > 0) ? longer.cards : other.cards,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** As mtools sees it: every card has its new name. */
async function checkNames(measured: Measure, { image, cards }: Job): Promise<Measure> {
  for (const [index, card] of cards.entries()) {
    const settings = await run(['mtype', '-i', `${card}@@${image.layout.boot.offsetBytes}`, '::user-data']);
    if (!settings.includes(`${newName}${index + 1}`)) return { ...measured, problem: `${card} has not its new name` };
  }
  return measured;
}

/** The system, piburn's own processes, and the store that a trial fills. */
const spareBytes = 1e9;

/** Why a trial cannot be made here; undefined when it can. */
export async function whyNot(
  { setUp, contender }: Trial,
  source: Source,
  { tools }: Workshop,
): Promise<string | undefined> {
  if (setUp.speedsOf !== undefined && !canThrottle) return 'slow cards need root and the blkio controller of cgroup v1';
  const { needs } = contender;
  if (needs !== undefined && !isThere(needs[0])) return `no ${needs[0]} (Debian: apt-get install ${needs[1]})`;
  if (contender === etcher && tools.etcher === undefined) return 'not installed (--etcher, or PIBURN_BENCH_ETCHER)';
  if (contender === etcher && !isRoot) return 'it writes to block devices only, and loop devices need root';
  if (contender === delta && !(await hasDelta())) return 'this piburn has no create --delta';
  const cardBytes = contender.writesAll ? source.image.sizeBytes : source.image.usedBytes;
  const neededBytes = setUp.cards * cardBytes + source.image.usedBytes + spareBytes;
  if (neededBytes <= availableBytes()) return undefined;
  return `needs ${(neededBytes / 1e9).toFixed(1)} GB of memory, ${(availableBytes() / 1e9).toFixed(1)} GB are available (--mib)`;
}

const hasDelta = async (): Promise<boolean> => (await run(piburn('create', '--help'))).includes('--delta');
