// `piburn store …`: where images are kept, and freeing what is of no use there any more.

import type { Command } from 'commander';
import { collectGarbage } from '../image/kept.js';
import { openStore, storeDirectory } from '../image/store.js';
import type { Ending } from './ending.js';
import { addImageOptions, type ImageFlags } from './image-options.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

export function addStoreCommands(program: Command, terminal: Terminal, end: (ending: Ending) => void): void {
  const store = program.command('store').description('where images are kept');
  addImageOptions(store.command('path').description('print the directory of the store'), ['store']).action(
    (flags: ImageFlags) => {
      process.stdout.write(`${storeDirectory(flags.store, process.env)}\n`);
      end({ code: 0, stuck: false });
    },
  );
  const gc = store
    .command('gc')
    .description('remove what can be of no use any more: images of files that changed, damaged ones, old downloads')
    .option('--all', 'unfinished downloads of the last two weeks as well');
  addImageOptions(gc, ['store', 'json']).action((flags: ImageFlags & { all?: boolean }) => {
    const removed = collectGarbage(openStore(storeDirectory(flags.store, process.env)), flags.all ?? false);
    const bytes = removed.reduce((sum, one) => sum + one.bytes, 0);
    if (flags.json) printJson({ type: 'store-gc', removed, bytes });
    else {
      for (const one of removed) terminal.say(`${one.what}: ${(one.bytes / 1e6).toFixed(1)} MB`);
      terminal.say(removed.length === 0 ? 'Nothing was there to be removed.' : `${(bytes / 1e6).toFixed(1)} MB freed`);
    }
    end({ code: 0, stuck: false });
  });
}
