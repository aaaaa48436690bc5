// One image by every way that leads through the spool worker: whoever decodes, and whoever writes the spool, the segment
// table, the digests and the spool are the same.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { chooseDecoder } from '../../src/image/decode/index.js';
import { SegmentTable, segmentBytesMax } from '../../src/image/segment-table.js';
import spoolImage, { type SpoolOutcome, type SpoolTask } from '../../src/image/spool-worker.js';
import { makePiImage } from '../fixtures/pi-image.js';
import { scratchFolder, undo } from '../native/scratch.js';

const skip = (await chooseDecoder('xz', 'auto')) === 'xz' ? false : 'needs xz 5.4 or newer';

type Way = Pick<SpoolTask, 'format' | 'decoder'> & {
  readonly stream?: boolean;
  readonly promised?: boolean;
  readonly expected?: string;
  readonly limitBytes?: number;
};

interface Spooled {
  readonly outcome: SpoolOutcome;
  readonly entries: Buffer;
  readonly spool: Buffer | undefined;
}

/** Brings `path` through the worker. A raw file that is no stream is its own spool. */
async function spooled(t: TestContext, path: string, imageBytes: number, way: Way): Promise<Spooled> {
  const descriptor = openSync(path, 'r');
  const taken = Buffer.alloc(way.stream ? 1024 : 0);
  if (way.stream) readSync(descriptor, taken, 0, taken.length, null);
  const table = SegmentTable.create(imageBytes);
  const spoolPath = way.format === 'raw' && !way.stream ? undefined : join(scratchFolder(t), 'image');
  if (spoolPath !== undefined) writeFileSync(spoolPath, '');
  try {
    const outcome = await spoolImage({
      encoded: {
        name: 'an image',
        descriptor,
        ...(way.stream ? { taken } : {}),
        ...(way.limitBytes === undefined ? {} : { limitBytes: way.limitBytes }),
      },
      format: way.format,
      decoder: way.decoder,
      segments: table.shared,
      expected: way.expected === undefined ? [] : [{ sha256: way.expected, of: 'image', from: 'the test' }],
      ...(way.promised ? { promisedBytes: imageBytes } : {}),
      ...(spoolPath === undefined ? {} : { spoolPath }),
    });
    return {
      outcome,
      entries: Buffer.from(Buffer.from(table.entries())),
      spool: spoolPath === undefined ? undefined : readFileSync(spoolPath),
    };
  } finally {
    closeSync(descriptor);
  }
}

interface Source {
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** One image for all: it takes longer to make than to read. Whole windows, and so much behind them. */
const imageOf = async (t: TestContext, extraBytes: number): Promise<Source> => {
  made ??= makeOnce();
  const path = join(scratchFolder(t), 'pi.img');
  const bytes = Buffer.concat([await made, Buffer.alloc(extraBytes, 0x5a)]);
  writeFileSync(path, bytes);
  execFileSync('xz', ['-0', '--keep', '--block-size=3MiB', path]);
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
};

let made: Promise<Buffer> | undefined;

async function makeOnce(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-spool-'));
  try {
    const path = join(folder, 'pi.img');
    await makePiImage(path, 'trixie', { bootMb: 36, rootMb: 20 });
    truncateSync(path, Math.ceil(statSync(path).size / segmentBytesMax) * segmentBytesMax);
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const xzWay = { format: 'xz', decoder: 'xz' } as const;
const ways = (sha256: string): readonly Way[] => [
  { ...xzWay, promised: true },
  { ...xzWay, promised: true, expected: sha256 },
  xzWay,
  { ...xzWay, stream: true },
  { format: 'xz', decoder: 'lzma-native', promised: true },
  { format: 'raw', decoder: 'none', promised: true },
  { format: 'raw', decoder: 'none', expected: sha256 },
  { format: 'raw', decoder: 'none', stream: true },
];

for (const extraBytes of [0, 5 * 1024 * 1024 + 77])
  test(`the same table by every way, ${extraBytes} bytes behind whole windows`, { skip }, async (t) => {
    const { path, bytes, sha256 } = await imageOf(t, extraBytes);
    let first: Buffer | undefined;
    for (const way of ways(sha256)) {
      const what = JSON.stringify(way);
      const { outcome, entries, spool } = await spooled(
        t,
        way.format === 'xz' ? `${path}.xz` : path,
        bytes.length,
        way,
      );
      assert.ok(outcome.ok, what);
      assert.equal(outcome.image.imageBytes, bytes.length, what);
      if (spool !== undefined) assert.ok(spool.equals(bytes), what);
      if (spool !== undefined || way.expected !== undefined)
        assert.equal(outcome.image.digests.imageSha256, sha256, what);
      first ??= entries;
      assert.ok(entries.equals(first) && entries.length > 0, `the table of ${what}`);
    }
  });

test('what is promised, allowed or expected is kept to, by every way', { skip }, async (t) => {
  const { path, bytes } = await imageOf(t, 77);
  const attempts: readonly (readonly [Way, sizeBytes: number, code: string])[] = [
    [{ ...xzWay, promised: true }, bytes.length - 1, 'IMAGE_CORRUPT'],
    [{ ...xzWay, promised: true }, bytes.length - 5000, 'IMAGE_CORRUPT'],
    [{ ...xzWay, promised: true }, bytes.length + 1, 'IMAGE_CORRUPT'],
    [{ ...xzWay, promised: true, limitBytes: bytes.length - 1 }, bytes.length, 'IMAGE_TOO_LARGE'],
    [{ ...xzWay, limitBytes: bytes.length - 1 }, bytes.length, 'IMAGE_TOO_LARGE'],
    [{ ...xzWay, promised: true, expected: '0'.repeat(64) }, bytes.length, 'IMAGE_DIGEST'],
    [{ format: 'raw', decoder: 'none', promised: true }, bytes.length - 1, 'IMAGE_CORRUPT'],
    [{ format: 'raw', decoder: 'none', promised: true }, bytes.length + 1, 'IMAGE_CORRUPT'],
    [{ format: 'raw', decoder: 'none', limitBytes: bytes.length - 1 }, bytes.length, 'IMAGE_TOO_LARGE'],
    [{ format: 'raw', decoder: 'none', expected: '0'.repeat(64) }, bytes.length, 'IMAGE_DIGEST'],
  ];
  for (const [way, sizeBytes, code] of attempts) {
    const source = way.format === 'xz' ? `${path}.xz` : path;
    const { outcome } = await spooled(t, source, sizeBytes, way);
    assert.equal(outcome.ok ? 'whole' : outcome.failure.code, code, `${JSON.stringify(way)} ${sizeBytes}`);
  }
});

test('a cancelled image ends at its next window', { skip }, async (t) => {
  const { path, bytes } = await imageOf(t, 0);
  const descriptor = openSync(`${path}.xz`, 'r');
  undo(t, () => closeSync(descriptor));
  const spoolPath = join(scratchFolder(t), 'image');
  writeFileSync(spoolPath, '');
  const table = SegmentTable.create(bytes.length);
  table.cancel();
  const encoded = { name: 'an image', descriptor };
  const task = { encoded, ...xzWay, segments: table.shared, spoolPath, promisedBytes: bytes.length, expected: [] };
  const outcome = await spoolImage(task);
  assert.equal(outcome.ok ? '' : outcome.failure.code, 'INTERRUPTED');
  assert.deepEqual([table.count, table.state], [0, 'broken']);
});

test('a large image, hashed on a thread of its own, has the digest of its bytes', { skip }, async (t) => {
  const { path } = await imageOf(t, 0);
  truncateSync(path, 300 * 1024 * 1024 + 5);
  execFileSync('xz', ['-0', '--keep', '--force', '--threads=0', path]);
  const sha256 = execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
  const sizeBytes = statSync(path).size;
  const raw = await spooled(t, path, sizeBytes, { format: 'raw', decoder: 'none', promised: true, expected: sha256 });
  const packed = await spooled(t, `${path}.xz`, sizeBytes, { ...xzWay, promised: true, expected: sha256 });
  assert.ok(raw.outcome.ok && packed.outcome.ok);
  assert.ok(raw.entries.equals(packed.entries));
  const { outcome } = await spooled(t, path, sizeBytes - 1, {
    format: 'raw',
    decoder: 'none',
    promised: true,
    expected: sha256,
  });
  assert.equal(outcome.ok ? '' : outcome.failure.code, 'IMAGE_CORRUPT');
});
