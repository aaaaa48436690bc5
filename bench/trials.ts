// What is compared: commands that write an image onto all cards and read it back. The first is the measure of the others.

import { fileURLToPath } from 'node:url';

/** What a trial works on. */
export interface Job {
  readonly image: string;
  readonly imageBytes: number;
  readonly cards: readonly string[];
  /** Empty: every burn is the first of its image, hashing it included. */
  readonly store: string;
}

export type Command = readonly [program: string, ...args: string[]];

export interface Trial {
  readonly name: string;
  command(job: Job): Command;
}

const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

function piburn({ image, cards, store }: Job, ...options: string[]): Command {
  return [process.execPath, cli, 'burn', image, cards.join(','), '--yes', `--store=${store}`, ...options];
}

/** One dd and one cmp for each card, all cards side by side. */
const ddAndCmp = `
size=$1 image=$2 pids= bad=0; shift 2
for card do
  { dd if="$image" of="$card" bs=4M oflag=direct conv=fsync,notrunc status=none &&
    cmp --bytes="$size" "$image" "$card"; } & pids="$pids $!"
done
for pid in $pids; do wait "$pid" || bad=1; done
exit $bad`;

export const trials: readonly Trial[] = [
  {
    name: 'dd, then cmp',
    command: ({ image, imageBytes, cards }) => ['sh', '-c', ddAndCmp, 'sh', String(imageBytes), image, ...cards],
  },
  { name: 'piburn', command: (job) => piburn(job) },
  { name: 'piburn --full', command: (job) => piburn(job, '--full') },
];
