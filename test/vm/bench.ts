// A virtual machine with card readers, an image for their cards, and the look at a card afterwards: byte by byte against
// the image, with other programs' eyes, and with `piburn check` on the host.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BurnSummary } from '../../src/protocol.js';
import { type ByteRange, blockBytes, compareCards, freeOf, makeNoisyCard, readRange } from '../e2e/compare-cards.js';
import { checkFileSystems, MiB } from '../e2e/support.js';
import { makePiImage, type PiImageLayout } from '../fixtures/pi-image.js';
import { scratchFolder } from '../native/scratch.js';
import { programPath } from '../program.js';
import { whyNoVm } from './needed.js';
import { type Oddity, plugHub, type Readers } from './readers.js';
import { startVm, type Vm } from './vm.js';

/** For every test: all the time that it may take, which is far more than any does on a slow machine. */
export const terms = { timeout: 25 * 60_000, skip: whyNoVm() ?? false };

export interface Bench {
  readonly folder: string;
  /** Compressed; at this path in the machine too, whose root is the host's. */
  readonly image: string;
  /** The same, decoded. */
  readonly raw: string;
  readonly layout: PiImageLayout;
  readonly free: readonly ByteRange[];
  /** The file of a card; a card that is not there yet is made, with noise all over it. */
  card(name: string): string;
  /** Starts the machine, with a reader for each of these cards in the ports of its hub, from 1. */
  start(cards: readonly CardIn[]): Promise<Started>;
}

export interface CardIn extends Oddity {
  readonly name: string;
}

export interface Started {
  readonly vm: Vm;
  readonly readers: Readers;
}

const cardBytes = 112 * MiB;
/** Noise on a card: one block of 16 KiB. */
const every = 4;

/** Makes the image: 75 MB, of which 12 MB are files. */
export async function prepare(t: TestContext): Promise<Bench> {
  const folder = scratchFolder(t);
  const raw = join(folder, 'pi.img');
  const layout = await makePiImage(raw, 'trixie', { bootMb: 40, rootMb: 24, files: true });
  execFileSync('xz', ['-0', '--keep', raw]);
  const card = (name: string): string => {
    const path = join(folder, `${name}.card`);
    if (!existsSync(path)) makeNoisyCard(path, cardBytes, every);
    return path;
  };
  const start = async (cards: readonly CardIn[]): Promise<Started> => {
    let readers: Readers | undefined;
    const plugIn = async (qmp: Vm['qmp']): Promise<void> => {
      readers = await plugHub(qmp);
      for (const [index, { name, ...oddity }] of cards.entries()) await readers.plug(index + 1, card(name), oddity);
    };
    const vm = await startVm(t, { folder, plugIn });
    assert.ok(readers !== undefined);
    await untilDisks(vm, cards.length);
    return { vm, readers };
  };
  return { folder, image: `${raw}.xz`, raw, layout, free: freeOf(raw, layout), card, start };
}

/** Waits until so many disks are there, and udev has looked at them. */
async function untilDisks(vm: Vm, count: number): Promise<void> {
  const script = `until [ "$(ls -d /sys/block/sd* | wc -l)" -ge ${count} ]; do sleep 0.1; done; udevadm settle`;
  assert.equal((await vm.run(['sh', '-c', script])).code, 0);
}

/** The first sector, at this byte or behind it, that the image uses. */
export function usedSector({ free }: Bench, fromBytes: number): number {
  let at = fromBytes;
  for (const { startBytes, endBytes } of free.toSorted((a, b) => a.startBytes - b.startBytes))
    if (startBytes < at + blockBytes && at < endBytes) at = Math.ceil(endBytes / blockBytes) * blockBytes;
  return at / 512;
}

/** Gives a card what the image would have left there: a partition table, and file systems with its UUIDs. */
export function layOldImage({ raw, layout }: Bench, card: string): void {
  const file = openSync(card, 'r+');
  for (const [offset, length] of [
    [0, 512],
    [layout.boot.offsetBytes, blockBytes],
    [layout.root.offsetBytes, blockBytes],
  ] as const)
    writeSync(file, readRange(raw, offset, length), 0, length, offset);
  closeSync(file);
  assert.match(signsOf(card), /PTTYPE="dos"/);
}

/** Throws unless a card holds the image and its node's settings, and nothing else where the image uses it. */
export function checkCard(t: TestContext, bench: Bench, card: string, summary: BurnSummary, hostname: string): void {
  const { folder, raw, layout, free } = bench;
  const [found] = compareCards([card], raw, { free, every });
  assert.deepEqual(found?.missed, [], `${card} has all that the image uses`);
  assert.ok(found.kept > 500, `${found.kept} unused blocks are as they were`);
  const patched = [...found.changed, ...found.overwritten];
  assert.ok(patched.length > 0 && patched.length < 100, `${patched.length} blocks for the settings`);
  assert.ok(patched.every((offset) => offset >= layout.boot.offsetBytes && offset < layout.root.offsetBytes));
  checkFileSystems(t, card, layout);
  const report = join(folder, 'report.json');
  writeFileSync(report, JSON.stringify(summary));
  const checked = spawnSync(process.execPath, [programPath, 'check', card, `--against=${report}`], {
    encoding: 'utf8',
  });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, new RegExp(hostname));
}

/** What blkid finds on a card without a look at any cache; nothing on one that does not boot. */
export const signsOf = (card: string): string =>
  spawnSync('blkid', ['--probe', card], { encoding: 'utf8' }).stdout.trim();
