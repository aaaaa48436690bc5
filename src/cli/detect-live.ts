// The live side of `detect`: what is there now, then each reader and card as it comes and goes, until Ctrl-C.

import type { DiskSight } from '../devices/rows.js';
import { watchDisks } from '../devices/watch.js';
import { given } from '../given.js';
import type { DiskChange } from '../protocol.js';
import { changeLine, type Happening } from '../report/disk-lines.js';
import { type DiskFlags, sayNotes, tableOptions } from './disk-options.js';
import { printJson } from './print-json.js';
import { type DiskWorld, seeDisks, withCards } from './see-disks.js';
import type { Terminal } from './terminal.js';

/** Ends when the person does, or nobody reads any more. Returns whether a disk hangs. */
export async function detectLive(flags: DiskFlags, terminal: Terminal, world: DiskWorld): Promise<boolean> {
  const told = new Set<string>();
  const tell = tellers(flags, terminal, world, told);
  let rows: readonly DiskSight[] = [];
  let isFirst = true;
  let isStuck = false;
  // One after the other: a card is looked at meanwhile, and lines keep their order.
  let telling: Promise<unknown> = Promise.resolve();
  const watch = watchDisks(
    (changes, now) => {
      rows = now;
      const news = isFirst ? now.filter(({ kind }) => kind === 'reader').map(thereNow) : changes.map(asNews);
      const wasFirst = isFirst;
      isFirst = false;
      telling = telling.then(async () => {
        isStuck = (await tell(news, wasFirst)) || isStuck;
      });
      telling.catch(() => watch.close());
    },
    {
      look: async () => {
        const seen = await seeDisks(world, given({ store: flags.store }));
        noteOnce(seen.notes, terminal, told);
        return seen.rows;
      },
      trigger: world.trigger(() => rows.filter(({ kind }) => kind === 'reader').map(({ path }) => path)),
    },
  );
  const close = () => watch.close();
  const forget = terminal.onInterrupt(close);
  process.stdout.on('error', close);
  try {
    await watch.ended;
    await telling;
    return isStuck;
  } finally {
    forget();
    process.stdout.off('error', close);
  }
}

interface News {
  readonly what: Happening;
  readonly at: Date;
  readonly disk: DiskSight;
}

const thereNow = (disk: DiskSight): News => ({ what: 'there', at: new Date(), disk });
const asNews = ({ what, at, disk }: DiskChange): News => ({ what, at: new Date(at), disk });

/** Prints news, with what is on the cards that are there; says whether one of them hangs. */
function tellers(flags: DiskFlags, terminal: Terminal, world: DiskWorld, told: Set<string>) {
  return async (news: readonly News[], isFirst: boolean): Promise<boolean> => {
    const here = news.filter(({ what, disk }) => what !== 'reader-removed' && what !== 'card-out' && disk.hasMedium);
    const { disks, notes, stuck } = await withCards(
      here.map(({ disk }) => disk),
      world,
      flags.store,
    );
    noteOnce(notes, terminal, told);
    for (const { what, at, disk } of news) {
      const { diskSequence: _, ...row } = disk;
      const known = here.some((each) => each.disk === disk) ? disks.find(({ path }) => path === disk.path) : undefined;
      const shown = known ?? row;
      if (flags.json) {
        const change = { what: what === 'there' ? 'reader-added' : what, path: disk.path, at: at.toISOString() };
        printJson({ type: 'disk-change', ...change, disk: shown });
      } else terminal.say(changeLine(clockOf(at), what, shown, tableOptions(terminal)));
    }
    if (isFirst && !flags.json)
      terminal.say(`${news.length === 0 ? 'No card reader is there. ' : ''}Watching until Ctrl-C.`);
    return stuck;
  };
}

function noteOnce(notes: readonly string[], terminal: Terminal, told: Set<string>): void {
  const fresh = notes.filter((note) => !told.has(note) && told.size < mostNotes);
  for (const note of fresh) told.add(note);
  sayNotes(fresh, terminal);
}

const mostNotes = 100;

/** `12:03:01`, by the clock on the wall. */
const clockOf = (at: Date): string =>
  [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
