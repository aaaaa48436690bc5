// What is compared: programs that write an image onto cards, as somebody would call them, and the limit.

import { join } from 'node:path';
import type { BenchImage } from './image.js';
import { type Command, piburn } from './programs.js';

/** What a program is given. */
export interface Job {
  readonly image: BenchImage;
  /** What is burned: the image, or it compressed. */
  readonly source: string;
  readonly cards: readonly string[];
  /** For piburn: empty, or warmed by a burn of this source. */
  readonly store: string;
  /** A directory of its own. */
  readonly work: string;
  readonly tools: Tools;
}

export interface Tools {
  /** The compiled limit.c. */
  readonly limit: string;
  /** Where etcher-sdk is installed, if it is. */
  readonly etcher?: string;
  /** The .bmap of an image. */
  bmapOf(image: BenchImage): string;
}

export interface Contender {
  readonly name: string;
  /** As somebody would type it. */
  readonly line: string;
  readonly kind: 'limit' | 'piburn' | 'peer';
  /** It reads back what it wrote. */
  readonly verifies: boolean;
  /** Unused bytes are written too. */
  readonly writesAll: boolean;
  /** The program that has to be there, and Debian's package of it. */
  readonly needs?: readonly [program: string, packageName: string];
  /** The store is made by a burn before the first round. */
  readonly isWarm?: boolean;
  /** Leaves the cards as its command needs to find them; not measured. */
  before?(job: Job): Command;
  /** Several: each is measured, and the longest of them counts. */
  commands(job: Job): readonly Command[];
}

type Peer = Omit<Contender, 'kind' | 'name'>;

const limitOf = (name: string, line: string, commands: Contender['commands']): Contender => {
  return { name, line, kind: 'limit', verifies: true, writesAll: false, commands };
};

const burnLimit = ({ tools, image, cards }: Job): Command => [
  tools.limit,
  'burn',
  image.path,
  image.rangesPath,
  ...cards,
];

export const limit = limitOf('limit', 'bench/limit.c', (job) => [burnLimit(job)]);

export const xzLimit = limitOf('limit', 'the longer of xz -dc -T0 >/dev/null and bench/limit.c', (job) => [
  ['sh', '-c', 'exec xz -dc -T0 "$0" >/dev/null', job.source],
  burnLimit(job),
]);

/** What `--delta` cannot beat. The cards are written before. */
export const readLimit: Contender = {
  ...limitOf('limit', 'bench/limit.c, reading only', ({ tools, image, cards }) => [
    [tools.limit, 'read', image.path, image.rangesPath, ...cards],
  ]),
  before: burnLimit,
};

const ours = (name: string, options: readonly string[], more: Partial<Contender> = {}): Contender => ({
  name,
  line: ['piburn burn', ...options].join(' '),
  kind: 'piburn',
  verifies: true,
  writesAll: false,
  commands: ({ source, cards, store }) => [
    piburn('burn', source, cards.join(','), '--yes', `--store=${store}`, ...options),
  ],
  ...more,
});

export const first = ours('piburn', []);
export const again = ours('piburn again', [], { isWarm: true });
export const full = ours('piburn --full', ['--full'], { writesAll: true });

const create = ({ source, cards, store }: Job, names: string, ...options: readonly string[]): Command =>
  piburn(
    'create',
    `--image=${source}`,
    `--device=${cards.join(',')}`,
    `--hostname=${names}[1-${cards.length}]`,
    `--store=${store}`,
    '--yes',
    ...options,
  );

/** The name that the cards of `--delta` have in the end, with a number behind it. */
export const newName = 'blue';

export const delta = ours('piburn --delta', [], {
  line: 'piburn create --delta',
  isWarm: true,
  before: (job) => create(job, 'red'),
  commands: (job) => [create(job, newName, '--delta')],
});

const peer = (name: string, more: Peer): Contender => ({ name, kind: 'peer', ...more });

/** One dd and one cmp for each card, all cards side by side. */
const eachCard = `
size=$1 image=$2 pids= bad=0; shift 2
for card do
  { dd if="$image" of="$card" bs=4M oflag=direct conv=fsync,notrunc status=none &&
    cmp --bytes="$size" "$image" "$card"; } & pids="$pids $!"
done
for pid in $pids; do wait "$pid" || bad=1; done
exit $bad`;

export const dd = peer('dd, cmp', {
  line: 'dd oflag=direct, then cmp, for each card',
  verifies: true,
  writesAll: true,
  commands: ({ image, cards }) => [['sh', '-c', eachCard, 'sh', String(image.sizeBytes), image.path, ...cards]],
});

/** The image is read, or decoded, once for writing and once for comparing; tee hands it to all cards. */
const throughTee = `
size=$1 source=$2 work=$3; shift 3
case $source in *.xz) feed='xz -dc -T0' ;; *) feed=cat ;; esac
write() { dd if="$1" of="$2" bs=4M iflag=fullblock oflag=direct conv=fsync,notrunc status=none; }
compare() { cmp --bytes="$size" "$1" "$2"; }
pass() {
  action=$1 number=0 pids= bad=0; shift
  for card do
    number=$((number + 1))
    [ -p "$work/pipe$number" ] || mkfifo "$work/pipe$number"
    "$action" "$work/pipe$number" "$card" & pids="$pids $!"
  done
  $feed "$source" | tee "$work"/pipe* >/dev/null || bad=1
  for pid in $pids; do wait "$pid" || bad=1; done
  return $bad
}
pass write "$@" && pass compare "$@"`;

export const tee = peer('tee, dd, cmp', {
  line: '(xz -dc -T0 |) tee | dd oflag=direct, then the same into cmp',
  verifies: true,
  writesAll: true,
  commands: ({ image, source, cards, work }) => [
    ['sh', '-c', throughTee, 'sh', String(image.sizeBytes), source, work, ...cards],
  ],
});

const eachByBmap = `
bmap=$1 source=$2 pids= bad=0; shift 2
for card do bmaptool --quiet copy --bmap "$bmap" "$source" "$card" & pids="$pids $!"; done
for pid in $pids; do wait "$pid" || bad=1; done
exit $bad`;

export const bmaptool = peer('bmaptool', {
  line: 'bmaptool copy --bmap, for each card (reads nothing back)',
  verifies: false,
  writesAll: false,
  needs: ['bmaptool', 'bmap-tools'],
  commands: ({ tools, image, source, cards }) => [
    ['sh', '-c', eachByBmap, 'sh', tools.bmapOf(image), source, ...cards],
  ],
});

/** It has no fsync of its own. */
const severalOutputs = `
source=$1; shift
for card do set -- "$@" "of=$card"; shift; done
case $source in
  *.xz) xz -dc -T0 "$source" | dcfldd bs=4M status=off "$@" ;;
  *) dcfldd "if=$source" bs=4M status=off "$@" ;;
esac && for output do sync "\${output#of=}" || exit; done`;

export const dcfldd = peer('dcfldd', {
  line: 'dcfldd, several of= (reads nothing back)',
  verifies: false,
  writesAll: true,
  needs: ['dcfldd', 'dcfldd'],
  commands: ({ source, cards }) => [['sh', '-c', severalOutputs, 'sh', source, ...cards]],
});

/** In the directory of package.json, as every npm script is. */
const etcherScript = join(process.cwd(), 'bench/etcher-write.mjs');

export const etcher = peer('etcher-sdk', {
  line: 'etcher-sdk 10.2.15, decompressThenFlash',
  verifies: true,
  writesAll: true,
  commands: ({ tools, source, cards }) => [[process.execPath, etcherScript, tools.etcher ?? '', source, ...cards]],
});
