// How long it takes to write and verify several cards at once, by piburn and by dd and cmp. Files and loop devices measure
// the programs, not cards.

import { defineBench, printHead, roundsOption } from './bench.js';
import { type Cards, cardKind, withCards } from './cards.js';
import { type BenchImage, leastMiB, makeImage, usedMiB } from './image.js';
import { measure } from './measure.js';
import { type Command, piburn } from './programs.js';
import { interleave, type Row, type Trial } from './rounds.js';
import {
  type Column,
  cpuColumn,
  cpuSeconds,
  peakColumn,
  printRows,
  ratioColumn,
  speedColumn,
  wallColumn,
  wallSeconds,
} from './rows.js';

export const burnBench = defineBench({
  name: 'burn',
  about: 'writes and verifies several cards at once, against dd and cmp',
  options: {
    mib: { about: 'size of the image in MiB', byDefault: 256, least: leastMiB, most: 65_536 },
    cards: { about: 'cards', byDefault: 4, least: 1, most: 32 },
    rounds: roundsOption,
  },
  run: async ({ mib, cards, rounds }, directory) => {
    const image = await makeImage(directory, mib, 'noise');
    const facts = `${cards} ${cardKind}; image of ${mib} MiB, ${usedMiB(image)} MiB of it used`;
    printHead({ cards: facts }, rounds);
    const trials = commands.map(([name, command]) => ({
      name,
      run: () => withCards(directory, image, cards, (made) => measure(command(image, made))),
    }));
    const rows = await interleave(trials, rounds);
    printRows(rows, columns(rows, image.sizeBytes * cards));
  },
});

/** One dd and one cmp for each card, all cards side by side. */
const ddAndCmp = `
size=$1 image=$2 pids= bad=0; shift 2
for card do
  { dd if="$image" of="$card" bs=4M oflag=direct conv=fsync,notrunc status=none &&
    cmp --bytes="$size" "$image" "$card"; } & pids="$pids $!"
done
for pid in $pids; do wait "$pid" || bad=1; done
exit $bad`;

/** An empty store: every burn is the first of its image, hashing it included. */
const burn = (image: BenchImage, { paths, store }: Cards, ...options: readonly string[]): Command =>
  piburn('burn', image.path, paths.join(','), '--yes', `--store=${store}`, ...options);

/** What writes an image onto all cards and reads it back. The first is the measure of the others. */
const commands: readonly (readonly [name: string, command: (image: BenchImage, cards: Cards) => Command])[] = [
  ['dd, then cmp', (image, { paths }) => ['sh', '-c', ddAndCmp, 'sh', String(image.sizeBytes), image.path, ...paths]],
  ['piburn', (image, cards) => burn(image, cards)],
  ['piburn --full', (image, cards) => burn(image, cards, '--full')],
];

/** `burnedBytes`: the image's size times the cards, written or skipped. */
function columns([first]: readonly Row[], burnedBytes: number): Column<Trial>[] {
  return [
    wallColumn,
    cpuColumn,
    ratioColumn('wall x', wallSeconds, () => first),
    ratioColumn('cpu x', cpuSeconds, () => first),
    speedColumn('image MB/s', burnedBytes),
    peakColumn,
  ];
}
