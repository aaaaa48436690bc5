// What it costs to burn an image while it is being fetched, against fetching it alone and burning it alone: with a web
// server that sends at a fixed rate and cards that write at one.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { defineBench, printHead, roundsOption } from './bench.js';
import { type Cards, cardKind, withCards } from './cards.js';
import { checkStore, sha256Of } from './digests.js';
import { isVoid } from './figures.js';
import { packXzInBlocks } from './forms.js';
import { leastMiB, makeImage, usedMiB } from './image.js';
import { type Measure, measure } from './measure.js';
import { withDirectory } from './place.js';
import { type Command, piburn, run } from './programs.js';
import { interleave, type Row, type Trial, tell } from './rounds.js';
import { cpuColumn, peakColumn, printRows, ratioColumn, wallColumn, wallSeconds } from './rows.js';
import { withServer } from './serve.js';
import { canThrottle, type Speeds, withSlowDevices } from './throttle.js';

/** Cards read about so much faster than they write. */
const readsFaster = 3.2;

export const fetchBench = defineBench({
  name: 'fetch',
  about: 'burns an image while it is being fetched, against both alone',
  options: {
    mib: { about: 'size of the image in MiB', byDefault: 256, least: leastMiB, most: 2000 },
    cards: { about: 'cards', byDefault: 2, least: 1, most: 32 },
    rounds: roundsOption,
    net: { about: 'what the web server sends, in MB/s', byDefault: 20, least: 1, most: 10_000 },
    card: { about: 'what a card writes, in MB/s (as root, with cgroup v1)', byDefault: 25, least: 1, most: 10_000 },
  },
  run: async ({ mib, cards, rounds, net, card }, directory) => {
    const image = await makeImage(directory, { sizeMiB: mib, contents: 'system' });
    tell('packing');
    const archive = join(directory, 'image.img.xz');
    await packXzInBlocks(image.path, archive, image.sizeBytes);
    const archiveMB = statSync(archive).size / 1e6;
    const speeds = { write: card * 1e6, read: card * 1e6 * readsFaster };
    const facts = {
      image: `${mib} MiB, ${usedMiB(image)} MiB of it used, ${archiveMB.toFixed(1)} MB as .xz`,
      net: `${net} MB/s: ${(archiveMB / net).toFixed(1)} s at least`,
      cards: `${cards} ${cardKind}, ${canThrottle ? shown(speeds) : 'not slowed: that needs root and cgroup v1'}`,
    };
    await withServer(archive, net * 1e6, async (url) => {
      // The server is on this machine, whatever proxy leads out of it.
      process.env['no_proxy'] = '127.0.0.1';
      const kept = join(directory, 'kept');
      await run(piburn('image', 'get', url, `--store=${kept}`));
      printHead(facts, rounds);
      const imageSha256 = await sha256Of(image.path);
      const burn = (storeOf: (made: Cards) => string) => () =>
        withCards(directory, image, cards, (made) =>
          slowly(made, speeds, piburn('burn', url, made.paths.join(','), '--yes', `--store=${storeOf(made)}`)),
        );
      const trials: readonly Trial[] = [
        { name: 'fetch alone', run: () => fetchAlone(url, imageSha256, directory) },
        { name: 'burn alone', run: burn(() => kept) },
        { name: 'burn while fetching', run: burn(({ store }) => store) },
      ];
      printRatio(await interleave(trials, rounds));
    });
  },
});

const shown = ({ write, read }: Speeds): string =>
  `slowed to ${write / 1e6} MB/s of writing and ${Math.round(read / 1e6)} MB/s of reading`;

const fetchAlone = (url: string, imageSha256: string, directory: string): Promise<Measure> =>
  withDirectory(async (store) => {
    const measured = await measure(piburn('image', 'get', url, `--store=${store}`));
    return await checkStore(measured, store, imageSha256);
  }, directory);

const slowly = ({ paths }: Cards, speeds: Speeds, command: Command): Promise<Measure> =>
  canThrottle
    ? withSlowDevices(
        paths,
        () => speeds,
        (slowed) => measure(slowed(command)),
      )
    : measure(command);

/** Two jobs side by side can at best take as long as the slower of them. */
function printRatio(rows: readonly Row[]): void {
  const alone = rows.slice(0, 2);
  const [slower] = alone.some(isVoid) ? [] : alone.toSorted((a, b) => wallSeconds(b) - wallSeconds(a));
  const columns = [wallColumn, cpuColumn, ratioColumn('x slower', wallSeconds, () => slower), peakColumn];
  printRows(rows, columns, 'x slower: wall time over that of the slower of fetching alone and burning alone');
}
