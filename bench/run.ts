// `npm run bench [-- --mib=256 --cards=4 --rounds=3]`: how long it takes to write and verify several cards at once, by
// piburn and by dd and cmp, in interleaved rounds. Files and loop devices measure the programs, not cards.

import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measure } from './measure.js';
import { cardKind, makeDirectory, makeImage, removeDirectory, withCards } from './place.js';
import { type Row, renderRows } from './rows.js';
import { trials } from './trials.js';

const number = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({ options: { mib: number('256'), cards: number('4'), rounds: number('3') } });
const [mib, cards, rounds] = [Number(values.mib), Number(values.cards), Number(values.rounds)];
if (![mib - 127, cards, rounds].every((value) => Number.isSafeInteger(value) && value > 0))
  throw new Error('--mib must be a whole number from 128 up, --cards and --rounds from 1 up');

// Where Debian keeps losetup and debugfs, which is not on everybody's path.
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

// Ctrl-C reaches the trial as well, which ends; what is left to do here is to clean up.
const signals: string[] = [];
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => signals.push(name));

const directory = makeDirectory();
try {
  const image = await makeImage(directory, mib);
  const freeBytes = image.free.reduce((sum, { startBytes, endBytes }) => sum + endBytes - startBytes, 0);
  const usedMiB = Math.round((image.sizeBytes - freeBytes) / 1024 ** 2);
  console.log(`machine  ${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 1e9).toFixed(1)} GB`);
  console.log(`kernel   ${release()}, node ${process.version}`);
  console.log(`cards    ${cards} ${cardKind}; image of ${mib} MiB, ${usedMiB} MiB of it used`);
  console.log(`rounds   ${rounds}, interleaved; medians of time, peak of memory\n`);

  const rows: readonly Row[] = trials.map(({ name }) => ({ name, rounds: [] }));
  for (let round = 0; round < rounds; round++)
    for (const [index, trial] of trials.entries()) {
      const { value, wrong } = await withCards(directory, image, cards, (job) => measure(trial.command(job)));
      if (signals.length > 0) throw new Error('interrupted');
      const problem = `${wrong.length} blocks are wrong, the first at byte ${wrong[0]}`;
      rows[index]?.rounds.push(wrong.length > 0 ? { problem, ...value } : value);
    }
  console.log(renderRows(rows, image.sizeBytes * cards));
} finally {
  removeDirectory(directory);
}
