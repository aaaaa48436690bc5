// probe, format and eject as a person calls them, on card files and loop devices; other programs look at what they did.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loopDevice, mounted, scratchFolder, undo } from '../native/scratch.js';

const MiB = 1024 * 1024;
const program = fileURLToPath(new URL('../medium/medium-program.js', import.meta.url));

function piburn(args: readonly string[], cwd: string) {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

/** A card file with old content at both ends. */
function cardFile(folder: string, sizeMb: number, name = 'card.img'): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(MiB, 'old content '));
  truncateSync(path, (sizeMb - 1) * MiB);
  writeFileSync(path, Buffer.alloc(MiB, 'old content '), { flag: 'a' });
  return path;
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const has = (name: string): boolean =>
  spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin; command -v ${name}`]).status === 0;

function needs(t: TestContext, names: readonly string[]): boolean {
  const missing = names.filter((name) => !has(name));
  if (missing.length > 0) t.skip(`needs ${missing.join(', ')}`);
  return missing.length === 0;
}

test('probe finds a good card file good, draws its speed, and leaves no partition table', (t) => {
  const folder = scratchFolder(t);
  const card = cardFile(folder, 48);
  const { code, stdout, stderr } = piburn(['probe', card, '--yes', '--plot', 'speed.svg'], folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^(good|slow): 50.3 MB, all of it there/m);
  assert.match(stdout, /no partition table now, and its content is gone/);
  assert.ok(
    readFileSync(card).every((byte) => byte === 0),
    'nothing of the probe is left',
  );
  const svg = readFileSync(join(folder, 'speed.svg'), 'utf8');
  assert.match(svg, /^<svg xmlns=[\s\S]*<\/svg>\n$/);
  if (has('xmllint')) execFileSync('xmllint', ['--noout', join(folder, 'speed.svg')]);
  assert.deepEqual(readdirSync(folder).sort(), ['card.img', 'speed.svg'], 'nothing else lies about');
});

test('probe --full --json gives one object with every block checked', (t) => {
  const folder = scratchFolder(t);
  const { code, stdout, stderr } = piburn(['probe', cardFile(folder, 40), '--full', '--yes', '--json'], folder);
  assert.equal(code, 0, stderr);
  const { version, type, facts, touched } = JSON.parse(stdout);
  assert.deepEqual([version, type, touched, facts.full, facts.checkedBytes], [1, 'card-probed', true, true, 40 * MiB]);
});

test('nothing is written without a yes, without a card, or with a picture that has no place', (t) => {
  const folder = scratchFolder(t);
  const card = cardFile(folder, 48);
  const before = digest(card);
  for (const command of ['probe', 'format']) {
    const { code, stderr } = piburn([command, card], folder);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /not answered with yes[\s\S]*--yes/);
  }
  assert.equal(piburn(['probe', card, '--yes', '--plot', 'no/such/folder/p.svg'], folder).code, 1);
  assert.equal(piburn(['probe', card, '--yes', '--seed', 'x'], folder).code, 2);
  assert.equal(piburn(['format', card, '--yes', '--label', 'much too long a name'], folder).code, 2);
  assert.equal(digest(card), before);
  const absent = piburn(['probe', 'absent.img', '--yes'], folder);
  assert.deepEqual([absent.code, existsSync(join(folder, 'absent.img'))], [1, false]);
  const small = piburn(['probe', cardFile(folder, 8, 'small.img'), '--yes'], folder);
  assert.equal(small.code, 1);
  assert.match(small.stderr, /too few to be probed/);
});

test('Ctrl-C ends a probe between two requests, and says what became of the card', async (t) => {
  const folder = scratchFolder(t);
  const card = cardFile(folder, 1024);
  const child = spawn(process.execPath, [program, 'probe', card, '--full', '--yes'], { cwd: folder });
  undo(t, () => child.kill('SIGKILL'));
  let text = '';
  let isTold = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (isTold || !text.includes('writing')) return;
      isTold = true;
      child.kill('SIGINT');
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 130, text);
  assert.match(text, /was interrupted/);
  assert.match(text, /no partition table now, and its content is gone/);
  assert.ok(
    readFileSync(card)
      .subarray(0, MiB)
      .every((byte) => byte === 0),
  );
});

test('a loop device that is mounted is refused, and neither read nor written', (t) => {
  if (!needs(t, ['mkfs.ext4'])) return;
  const folder = scratchFolder(t);
  const card = cardFile(folder, 20);
  execFileSync('mkfs.ext4', ['-q', '-F', card], { stdio: 'pipe' });
  const device = loopDevice(t, card);
  const place = join(folder, 'mnt');
  mkdirSync(place);
  if (device === undefined || !mounted(t, place, [device])) return;
  const before = digest(card);
  for (const args of [
    ['probe', device, '--yes'],
    ['format', device, '--yes'],
    ['eject', device],
  ]) {
    const { code, stderr } = piburn(args, folder);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /is mounted at .*mnt/);
  }
  const attached = piburn(['probe', card, '--yes'], folder);
  assert.equal(attached.code, 3);
  assert.match(attached.stderr, /is in use through \/dev\/loop/);
  assert.equal(digest(card), before);
});

test('probe works on a loop device', (t) => {
  const folder = scratchFolder(t);
  const device = loopDevice(t, cardFile(folder, 32));
  if (device === undefined) return;
  const { code, stdout, stderr } = piburn(['probe', device, '--yes', '--json'], folder);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).facts.direct, true);
});

test('format makes a FAT32 that fsck, sfdisk and mtools find whole', (t) => {
  if (!needs(t, ['mkfs.vfat', 'fsck.vfat', 'sfdisk', 'mcopy'])) return;
  const folder = scratchFolder(t);
  const card = cardFile(folder, 64);
  const { code, stdout, stderr } = piburn(['format', card, '--yes', '--label', 'photos'], folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /one partition of 62.9 MB with FAT32 "PHOTOS"/);
  const table = JSON.parse(execFileSync('sfdisk', ['--json', card], { encoding: 'utf8' })).partitiontable;
  assert.deepEqual(
    [
      table.label,
      table.partitions.length,
      table.partitions[0].start,
      table.partitions[0].size,
      table.partitions[0].type,
    ],
    ['dos', 1, 8192, 60 * 2048, 'c'],
  );
  const part = join(folder, 'part.img');
  writeFileSync(part, readFileSync(card).subarray(4 * MiB));
  execFileSync('fsck.vfat', ['-n', part], { stdio: 'pipe' });
  writeFileSync(join(folder, 'hello.txt'), 'hello');
  execFileSync('mcopy', ['-i', `${card}@@4M`, join(folder, 'hello.txt'), '::'], { stdio: 'pipe' });
  assert.match(execFileSync('mdir', ['-i', `${card}@@4M`], { encoding: 'utf8' }), /PHOTOS[\s\S]*hello/i);
  assert.equal(readFileSync(card).indexOf('old content'), -1, 'old signatures are gone');
});

test('format makes an exFAT in a card file that fsck finds whole', (t) => {
  if (!needs(t, ['mkfs.exfat', 'fsck.exfat', 'sfdisk'])) return;
  const folder = scratchFolder(t);
  const card = cardFile(folder, 64);
  const { code, stdout, stderr } = piburn(
    ['format', card, '--yes', '--fs', 'exfat', '--label', 'Grüße', '--json'],
    folder,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), {
    version: 1,
    type: 'card-formatted',
    path: card,
    fileSystem: 'exfat',
    label: 'Grüße',
    partition: { startBytes: 4 * MiB, sizeBytes: 60 * MiB },
  });
  const part = join(folder, 'part.img');
  writeFileSync(part, readFileSync(card).subarray(4 * MiB));
  execFileSync('fsck.exfat', ['-n', part], { stdio: 'pipe' });
  assert.deepEqual(readdirSync(folder).sort(), ['card.img', 'part.img'], 'nothing else lies about');
});

test('format works on a loop device, with either file system', (t) => {
  if (!needs(t, ['mkfs.vfat', 'mkfs.exfat', 'fsck.vfat', 'fsck.exfat', 'sfdisk'])) return;
  const folder = scratchFolder(t);
  const card = cardFile(folder, 64);
  const device = loopDevice(t, card);
  if (device === undefined) return;
  const part = join(folder, 'part.img');
  for (const [name, fsck] of [
    ['fat32', 'fsck.vfat'],
    ['exfat', 'fsck.exfat'],
  ] as const) {
    const { code, stderr } = piburn(['format', device, '--yes', '--fs', name], folder);
    assert.equal(code, 0, stderr);
    writeFileSync(part, readFileSync(card).subarray(4 * MiB));
    execFileSync(fsck, ['-n', part], { stdio: 'pipe' });
  }
});

test('a program that is missing is named with its package, before anything is lost', (t) => {
  const folder = scratchFolder(t);
  const card = cardFile(folder, 48);
  const before = digest(card);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'env'), '#!/bin/sh\nexit 127\n', { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const { status, stderr } = spawnSync(process.execPath, [program, 'format', card, '--yes'], { env, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /sfdisk is not installed[\s\S]*apt install fdisk/);
  assert.equal(digest(card), before);
});

test('eject says of each card what became of it', (t) => {
  const folder = scratchFolder(t);
  const card = cardFile(folder, 16);
  const file = piburn(['eject', card], folder);
  assert.equal(file.code, 3);
  assert.match(file.stderr, /is no device: there is nothing to eject/);
  const device = loopDevice(t, card);
  if (device === undefined) return;
  const { code, stdout, stderr } = piburn(['eject', device, card, '--json'], folder);
  assert.equal(code, 3, stderr);
  const { version, type, cards } = JSON.parse(stdout);
  assert.deepEqual([version, type, cards.length], [1, 'cards-ejected', 2]);
  assert.deepEqual([cards[0].path, cards[0].ejected, cards[0].unmounted], [device, false, []]);
  assert.equal(cards[1].failure.code, 'NOT_A_DEVICE');
});
