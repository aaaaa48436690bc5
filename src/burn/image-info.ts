// What is in an image: its partitions, how much of it is used, which system it is, and how it takes its settings.

import { closeSync, openSync } from 'node:fs';
import { chooseFlavour, findBootPlace, imageReader } from '../customise/boot-volume.js';
import { readSystemName } from '../customise/system-name.js';
import { toFailure } from '../errors.js';
import { given } from '../given.js';
import { inspectHead } from '../image/allocation/inspect-head.js';
import { headBytes } from '../image/disk-image.js';
import type { OpenImage } from '../image/image.js';
import { type KeptImage, listKept } from '../image/kept.js';
import type { MapHeader } from '../image/map-file.js';
import type { Store } from '../image/store.js';
import { readXzIndexOf } from '../image/xz-index.js';
import type { Flavour, ImageInfo, KeptImageRow } from '../protocol.js';

/** Waits until the image is whole, and describes it. */
export async function imageInfo(image: OpenImage): Promise<ImageInfo> {
  const header = await image.whole;
  const { table } = image;
  const seen = await lookInto(image.path);
  const { archiveBytes, format, archiveSha256, imageSha256, bmap } = header;
  return {
    name: header.name ?? image.name,
    imageBytes: header.imageBytes,
    usedBytes: table.usedBytes,
    skippedBytes: header.imageBytes - table.usedBytes,
    segments: table.count,
    layout: header.layout,
    trustedBy: header.trustedBy ?? [],
    ...seen,
    ...given({
      source: sourceOf(header),
      format,
      archiveBytes,
      archiveSha256,
      imageSha256,
      bmap,
      xz: await blocksOf(header),
    }),
  };
}

type Seen = Pick<ImageInfo, 'table' | 'partitions' | 'flavour' | 'flavourReason' | 'os'>;

/** What the image's own bytes tell. */
async function lookInto(path: string): Promise<Seen> {
  const descriptor = openSync(path, 'r');
  try {
    const read = imageReader(descriptor);
    const head = inspectHead(read(0, headBytes));
    return {
      table: head.table ?? 'mbr',
      partitions: head.entries.map(({ startBytes, sizeBytes }) => ({ startBytes, sizeBytes })),
      ...(await flavourOf(read)),
      ...given({ os: readSystemName(read) }),
    };
  } finally {
    closeSync(descriptor);
  }
}

async function flavourOf(read: ReturnType<typeof imageReader>): Promise<{ flavour: Flavour; flavourReason: string }> {
  try {
    const { flavour, reason } = chooseFlavour(read, await findBootPlace(read, async () => undefined), undefined);
    return { flavour, flavourReason: reason };
  } catch (error) {
    return { flavour: 'none', flavourReason: toFailure(error).message };
  }
}

function sourceOf({ source }: MapHeader): string | undefined {
  if (source === undefined) return undefined;
  return 'url' in source ? source.url : source.path;
}

/** Blocks of the .xz, while it is there to be looked at. */
async function blocksOf({ source, format }: MapHeader): Promise<ImageInfo['xz']> {
  if (format !== 'xz' || source === undefined || 'url' in source) return undefined;
  const index = await readXzIndexOf(source.path).catch(() => undefined);
  return index && { streams: index.streams, blocks: index.blocks };
}

/** The images of the store, with what each of them is. */
export async function keptRows(store: Store): Promise<KeptImageRow[]> {
  return await Promise.all(listKept(store).map(rowOf));
}

async function rowOf(kept: KeptImage): Promise<KeptImageRow> {
  const { name, state, header, diskBytes, burnedAt, verifiedAt, spool } = kept;
  const seen = spool === undefined ? undefined : await lookInto(spool).catch(() => undefined);
  return {
    name,
    state,
    diskBytes,
    trustedBy: header?.trustedBy ?? [],
    ...given({
      source: header && sourceOf(header),
      imageBytes: header?.imageBytes,
      imageSha256: header?.imageSha256,
      madeAt: header?.madeAt,
      flavour: seen?.flavour,
      os: seen?.os,
      burnedAt,
      verifiedAt,
    }),
  };
}
