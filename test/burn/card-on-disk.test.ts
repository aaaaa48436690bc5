// What is known of the cards in readers: cards that were burned onto files, opened as if they were devices.

import assert from 'node:assert/strict';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seeCards } from '../../src/burn/card-on-disk.js';
import { type OpenCard, readPatiently } from '../../src/burn/patient-read.js';
import { makeMark, markBytes } from '../../src/card/mark.js';
import { create } from '../../src/index.js';
import type { BurnRecord, DiskRow } from '../../src/protocol.js';
import { scratchFolder } from '../native/scratch.js';
import { reader } from '../report/disk-rows.js';

const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const cardBytes = 320 * 1024 * 1024;
const id = '00112233445566778899aabbccddeeff';

const record: BurnRecord = {
  version: 1,
  at: '2026-11-01T10:00:00.000Z',
  run: 'run',
  hostname: 'red001',
  image: 'lite.img',
  device: '/dev/sda',
  card: `mark:${id}`,
  outcome: 'good',
  verified: true,
  writtenBytes: 1,
  writeMs: 1,
  verifiedBytes: 1,
  verifyMs: 1,
  totalMs: 1,
  repairs: 0,
};

const failed = (at: string): BurnRecord => ({
  ...record,
  at,
  outcome: 'failed',
  code: 'VERIFY_MISMATCH',
  message: '/dev/sda read back wrong',
});

test('a card tells its host name and date, and the history its image', async (t) => {
  const card = await burnedCard(t, { hostname: 'red001', mark: true });
  const { cards, closed, late } = await look(card, [record]);
  assert.deepEqual([closed, late], [[], []]);
  const known = cards.get(card.path);
  assert.match(known?.burnedAt ?? '', /^20\d\d-\d\d-\d\dT/);
  assert.deepEqual(
    { ...known, burnedAt: '' },
    {
      hostname: 'red001',
      image: 'lite.img',
      burnedAt: '',
      cardId: `mark:${id}`,
      warnings: [],
    },
  );
});

test('two failures of its own are told of a card', async (t) => {
  const card = await markedCard(t);
  const records = [failed('2026-10-01T10:00:00Z'), failed('2026-10-02T10:00:00Z')];
  const { cards } = await look(card, records);
  const [warning = ''] = cards.get(card.path)?.warnings ?? [];
  assert.match(warning, /^this card failed verification twice \(2026-10-01 as red001, 2026-10-02 as red001\)$/);
});

test('a card that somebody else has written since is not called by its old host name', async (t) => {
  const card = await markedCard(t);
  const { cards } = await look(card, [record]);
  assert.deepEqual(cards.get(card.path), { cardId: `mark:${id}`, warnings: [] });
});

test('an image that was burned as it is is known by mark and history', async (t) => {
  const { hostname: _, ...plain } = record;
  const card = await markedCard(t);
  const { cards } = await look(card, [plain]);
  assert.deepEqual(cards.get(card.path), {
    cardId: `mark:${id}`,
    image: 'lite.img',
    burnedAt: record.at,
    warnings: [],
  });
});

test('a card in an MMC slot is found in the history by its CID', async (t) => {
  const card = { ...(await emptyCard(t)), cid: 'ab'.repeat(16), transport: 'mmc' };
  const { cards } = await look(card, [{ ...record, card: `cid:${card.cid}`, outcome: 'failed' }]);
  assert.deepEqual(cards.get(card.path), { cardId: `cid:${card.cid}`, warnings: [] });
});

test('a strange card, a built-in disk and an empty reader are not known', async (t) => {
  const card = await emptyCard(t);
  const rows: DiskRow[] = [
    card,
    { ...card, path: `${card.path}-system`, kind: 'system' },
    { ...card, path: `${card.path}-nvme`, kind: 'disk', transport: 'nvme' },
    { ...card, path: `${card.path}-empty`, hasMedium: false },
  ];
  const opened: string[] = [];
  const { cards } = await seeCards(rows, [record], {
    openCard: (path) => {
      opened.push(path);
      return openFile(path);
    },
  });
  assert.deepEqual([[...cards], opened], [[], [card.path]]);
});

test('a card that may not be opened is named, and one that is broken is not known', async () => {
  const rows = ['/dev/sda', '/dev/sdb', '/dev/sdc'].map((path) => ({ ...reader, path }));
  const { cards, closed, late } = await seeCards(rows, [record], {
    openCard: (path) =>
      path === '/dev/sdb'
        ? Promise.resolve({ read: () => Promise.reject(errno('EIO')), close: () => Promise.resolve() })
        : Promise.reject(errno(path === '/dev/sda' ? 'EACCES' : 'ENOMEDIUM')),
  });
  assert.deepEqual([[...cards], closed, late], [[], ['/dev/sda'], []]);
});

test('a card that does not answer is left alone, and the others are known', async (t) => {
  const card = await markedCard(t);
  const hanging: OpenCard = { read: () => new Promise(() => undefined), close: () => Promise.resolve() };
  const { cards, late } = await seeCards([{ ...reader, path: '/dev/hung' }, card], [], {
    openCard: (path) => (path === '/dev/hung' ? Promise.resolve(hanging) : openFile(path)),
    limitMs: 1000,
  });
  assert.deepEqual([[...cards.keys()], late], [[card.path], ['/dev/hung']]);
});

test('reading patiently gives what reading at once gives, wherever it reads', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
  const card = cardOf(bytes);
  const ranges = [
    [0, 10],
    [65_530, 20],
    [131_000, 70_000],
    [299_990, 100],
    [400_000, 5],
    [0, 0],
  ] as const;
  const parts = await readPatiently(card, bytes.length, (read) => ranges.map(([at, length]) => read(at, length)));
  assert.deepEqual(
    parts?.map((part) => Buffer.from(part)),
    ranges.map(([at, length]) => bytes.subarray(at, at + length)),
  );
});

test('what catches the gap does not get through with it', async () => {
  const card = cardOf(Buffer.alloc(200_000, 5));
  const found = await readPatiently(card, 200_000, (read) => {
    try {
      return read(150_000, 1)[0];
    } catch {
      return 'wrong';
    }
  });
  assert.equal(found, 5);
});

test('reading ends when it would become too much, and with the error of the card', async () => {
  const card = cardOf(Buffer.alloc(1));
  const all = await readPatiently(card, 2 ** 40, (read) => read(0, 2 ** 39).length);
  assert.equal(all, undefined);
  let at = 0;
  const endless = await readPatiently(card, 2 ** 40, (read) => {
    at += 65_536;
    return read(at, 1).length;
  });
  assert.equal(endless, undefined);
  const broken: OpenCard = { ...card, read: () => Promise.reject(errno('EIO')) };
  await assert.rejects(
    readPatiently(broken, 10, (read) => read(0, 1)),
    /EIO/,
  );
  await assert.rejects(
    readPatiently(card, 10, () => {
      throw new Error('own');
    }),
    /own/,
  );
});

const errno = (code: string) => Object.assign(new Error(code), { code });

const cardOf = (bytes: Buffer): OpenCard => ({
  read: async (at, length) => bytes.subarray(at, at + length),
  close: async () => undefined,
});

const look = (row: DiskRow, records: readonly BurnRecord[]) => seeCards([row], records, { openCard: openFile });

async function openFile(path: string): Promise<OpenCard> {
  const file = await open(path);
  return {
    async read(at, length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

const rowOf = (path: string): DiskRow => ({ ...reader, path, sizeBytes: cardBytes });

async function emptyCard(t: TestContext): Promise<DiskRow> {
  const path = join(scratchFolder(t), 'card.img');
  await writing(path, (file) => file.truncate(cardBytes));
  return rowOf(path);
}

async function markedCard(t: TestContext): Promise<DiskRow> {
  const row = await emptyCard(t);
  await putMark(row.path);
  return row;
}

/** The library burns onto a file, which gets no mark of its own. */
async function burnedCard(t: TestContext, wishes: { hostname: string; mark: boolean }): Promise<DiskRow> {
  const path = join(scratchFolder(t), 'card.img');
  const options = { image: piImage, device: path, fileBytes: cardBytes, store: join(dirname(path), 'store') };
  const burning = create({ ...options, hostname: wishes.hostname, attended: false, confirm: async () => true });
  for await (const event of burning)
    if (event.type === 'end') assert.equal(event.summary.good, 1, JSON.stringify(event.summary.failure));
  if (wishes.mark) await putMark(path);
  return rowOf(path);
}

const putMark = (path: string) =>
  writing(path, (file) => file.write(makeMark(id, Buffer.alloc(16, 1)), 0, markBytes, cardBytes - markBytes));

async function writing(path: string, work: (file: FileHandle) => Promise<unknown>): Promise<void> {
  const file = await open(path, 'a+').then(async (made) => {
    await made.close();
    return open(path, 'r+');
  });
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
