// `piburn image …`: which images there are, fetching them, and what lies in the store.

import type { Command } from 'commander';
import { Cancellation } from '../burn/cancellation.js';
import { type GotImage, getImages } from '../burn/get-images.js';
import { ImageAccess } from '../burn/image-access.js';
import { imageInfo, keptRows } from '../burn/image-info.js';
import { deleteImages, verifyImages } from '../burn/kept-images.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { filterCatalog } from '../image/catalog/filter.js';
import { fetchedUrls } from '../image/kept.js';
import { shownSource } from '../image/resolve.js';
import type { BurnEvent } from '../protocol.js';
import { renderCatalog } from '../report/catalog-table.js';
import { renderImageInfo, renderKept } from '../report/image-text.js';
import { parseDays } from '../typed-amounts.js';
import type { Ending } from './ending.js';
import { addImageOptions, type ImageFlags, imageWishes } from './image-options.js';
import { followEvents } from './present.js';
import { printJson } from './print-json.js';
import type { Terminal } from './terminal.js';

type End = (ending: Ending) => void;
const good: Ending = { code: 0, stuck: false };

export function addImageCommands(program: Command, terminal: Terminal, end: End): void {
  const image = program.command('image').description('find, fetch, check and remove images');
  addVersions(image, terminal, end);
  addGet(image, terminal, end);
  addList(image, terminal, end);
  addInfo(image, terminal, end);
  addVerify(image, terminal, end);
  addDelete(image, terminal, end);
}

interface VersionsFlags extends ImageFlags {
  readonly refresh?: boolean;
  readonly device?: string;
  readonly tree?: boolean;
}

function addVersions(image: Command, terminal: Terminal, end: End): void {
  const command = image
    .command('versions')
    .description("list the images that can be fetched (Raspberry Pi's list, kept for a day)")
    .argument('[words...]', 'only those with every one of these words')
    .option('--refresh', 'fetch the list again, however fresh the kept one is')
    .option('--device <tag>', 'only images for this model, such as pi4-64bit')
    .option('--tree', 'show the menus that the images are in');
  addImageOptions(command, ['repo', 'store', 'json']).action(async (words: string[], flags: VersionsFlags) => {
    await withImages(flags, terminal, async (images) => {
      const { catalog, ageMs } = await images.list(flags.refresh ? 'always' : 'when-old');
      const entries = filterCatalog(catalog, words, flags.device);
      const fetched = fetchedUrls(images.store);
      const rows = entries.map((entry) => ({ ...entry, fetched: fetched.has(entry.url) }));
      if (flags.json) {
        const { source, fetchedAt, troubles, devices } = catalog;
        printJson({ type: 'versions', source: shownSource(source), fetchedAt, ageMs, troubles, devices, images: rows });
        return;
      }
      terminal.say(
        renderCatalog(rows, { columns: widthOf(terminal), color: terminal.color, tree: flags.tree ?? false }).trimEnd(),
      );
      terminal.say(
        `\n${rows.length} of ${catalog.entries.length} images of ${shownSource(catalog.source)}, ${ageOf(ageMs)}`,
      );
      for (const trouble of catalog.troubles.slice(0, troublesShown)) terminal.say(`note: ${trouble}`);
      const more = catalog.troubles.length - troublesShown;
      if (more > 0) terminal.say(`note: and ${more} more entries of the list are not right (--json names all)`);
    });
    end(good);
  });
}

const troublesShown = 5;

const ageOf = (ageMs: number): string => {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 1) return 'fetched just now';
  if (minutes < 120) return `fetched ${minutes} min ago`;
  return minutes < 2 * 24 * 60
    ? `fetched ${Math.floor(minutes / 60)} h ago`
    : `fetched ${Math.floor(minutes / 1440)} days ago`;
};

function addGet(image: Command, terminal: Terminal, end: End): void {
  const command = image
    .command('get')
    .description('fetch images and make them ready to burn')
    .argument('[images...]', 'latest (the default), another name, an address, or a file');
  addImageOptions(command, ['repo', 'store', 'decoder', 'sha256', 'max-size', 'bmap', 'keep', 'json']).action(
    async (words: string[], flags: ImageFlags) => {
      const wanted = words.length === 0 ? ['latest'] : words;
      if (flags.sha256 !== undefined && wanted.length > 1)
        throw usageError('SHA256', '--sha256 is the digest of one image, and several were named', {
          hint: 'fetch them one by one',
        });
      if (flags.json) terminal.out = process.stderr;
      const got = await followed(flags, terminal, (emit, cancel) =>
        getImages(wanted, imageWishes(flags), process.env, emit, cancel),
      );
      for (const one of got) tellGot(one, flags, terminal);
      end(good);
    },
  );
}

function tellGot({ word, name, reused, header, usedBytes }: GotImage, flags: ImageFlags, terminal: Terminal): void {
  const { imageBytes, imageSha256, trustedBy = [] } = header;
  if (flags.json) {
    printJson({
      type: 'image-got',
      asked: shownSource(word),
      name,
      reused,
      imageBytes,
      usedBytes,
      imageSha256,
      trustedBy,
    });
    return;
  }
  const checked = trustedBy.length === 0 ? 'no digest to check it with' : `checked with ${trustedBy.join(' and ')}`;
  terminal.say(`${name} ${reused ? 'is in the store already' : 'is ready to burn'} (${checked})`);
}

function addList(image: Command, terminal: Terminal, end: End): void {
  const command = image.command('ls').description('list the images in the store');
  addImageOptions(command, ['store', 'json']).action(async (flags: ImageFlags) => {
    await withImages(flags, terminal, async (images) => {
      const rows = await keptRows(images.store);
      if (flags.json) printJson({ type: 'images', images: rows });
      else terminal.say(renderKept(rows, widthOf(terminal)));
    });
    end(good);
  });
}

function addInfo(image: Command, terminal: Terminal, end: End): void {
  const command = image
    .command('info')
    .description('say what is in an image: partitions, use, system, flavour (it is decoded into the store)')
    .argument('<image>', 'a file, a name or an address');
  addImageOptions(command, ['repo', 'store', 'decoder', 'sha256', 'max-size', 'bmap', 'json']).action(
    async (word: string, flags: ImageFlags) => {
      if (flags.json) terminal.out = process.stderr;
      const info = await followed(flags, terminal, async (emit, cancel) => {
        const images = new ImageAccess(imageWishes(flags), process.env, emit, cancel);
        try {
          return await images.use(word, imageInfo);
        } finally {
          await images.close();
        }
      });
      if (flags.json) printJson({ type: 'image-info', ...info });
      else terminal.say(renderImageInfo(info));
      end(good);
    },
  );
}

function addVerify(image: Command, terminal: Terminal, end: End): void {
  const command = image
    .command('verify')
    .description('read images in the store again and compare them with their digests')
    .argument('[names...]', 'names of images in the store (default: all of them)');
  addImageOptions(command, ['store', 'json']).action(async (names: string[], flags: ImageFlags) => {
    if (flags.json) terminal.out = process.stderr;
    const results = await followed(flags, terminal, (emit, cancel) =>
      verifyImages(names, imageWishes(flags), process.env, emit, cancel),
    );
    for (const { name, problem } of results) {
      if (flags.json)
        printJson({ type: 'image-verified', name, good: problem === undefined, ...given({ failure: problem }) });
      else terminal.say(problem === undefined ? `${name}: good` : `${problem.message}\n  Next: ${problem.hint ?? ''}`);
    }
    if (results.length === 0 && !flags.json) terminal.say('There are no images in the store.');
    end({ code: results.some(({ problem }) => problem !== undefined) ? 1 : 0, stuck: false });
  });
}

interface DeleteFlags extends ImageFlags {
  readonly all?: boolean;
  readonly olderThan?: string;
}

function addDelete(image: Command, terminal: Terminal, end: End): void {
  const command = image
    .command('delete')
    .description('remove images from the store')
    .argument('[names...]', 'names of images in the store')
    .option('--all', 'remove all of them')
    .option('--older-than <days>', 'remove those that were neither fetched nor burned for so many days, such as 90');
  addImageOptions(command, ['store', 'json']).action(async (names: string[], flags: DeleteFlags) => {
    const olderThanMs = flags.olderThan === undefined ? undefined : parseDays(flags.olderThan, '--older-than');
    const removed = await deleteImages(
      names,
      { all: flags.all ?? false, ...given({ olderThanMs }) },
      imageWishes(flags),
      process.env,
    );
    for (const { name, diskBytes } of removed) {
      if (flags.json) printJson({ type: 'image-deleted', name, diskBytes });
      else terminal.say(`${name}: removed, ${(diskBytes / 1e6).toFixed(1)} MB freed`);
    }
    if (removed.length === 0 && !flags.json) terminal.say('Nothing was there to be removed.');
    end(good);
  });
}

const widthOf = (terminal: Terminal): number => (terminal.out.isTTY ? terminal.columns : Number.POSITIVE_INFINITY);

/** What looks at the store or the list only: no bars. */
async function withImages(
  flags: ImageFlags,
  terminal: Terminal,
  work: (images: ImageAccess) => Promise<void>,
): Promise<void> {
  const cancel = new Cancellation();
  const forget = terminal.onInterrupt(() => cancel.request());
  const warn = (event: BurnEvent) => {
    if (event.type === 'warning') terminal.sayError(`warning: ${event.message}`);
  };
  const images = new ImageAccess(imageWishes(flags), process.env, warn, cancel);
  try {
    await work(images);
  } finally {
    forget();
    await images.close();
  }
}

/** Work with progress: bars on a terminal, lines elsewhere, events for programs; Ctrl-C cancels it. */
async function followed<T>(
  flags: ImageFlags,
  terminal: Terminal,
  work: (emit: (event: BurnEvent) => void, cancel: Cancellation) => Promise<T>,
): Promise<T> {
  const cancel = new Cancellation();
  const forget = terminal.onInterrupt(() => {
    cancel.request();
    terminal.say('stopping; what has been fetched is kept for the next time');
  });
  const follower = followEvents({ json: flags.json ?? false, dryRun: false, cards: false }, terminal);
  try {
    return await work(follower.take, cancel);
  } finally {
    follower.end();
    forget();
  }
}
