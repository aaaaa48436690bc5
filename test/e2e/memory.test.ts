// Little memory: a control group that allows half of what the image has. Page cache has to make room again and
// again, decoders keep to their share, and nothing is ended by the kernel.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makePiImage, type PiImageLayout } from '../fixtures/pi-image.js';
import { noise } from '../image/decode/support.js';
import { programPath } from '../program.js';
import { compareCards, freeOf, goodSummary, isRoot, MiB, type Ran, type Workplace, workplace } from './support.js';

const limitBytes = 208 * MiB;
const usedMiB = 384;
const rootMb = 448;

interface Group {
  readonly directory: string;
  readonly limitFile: string;
  /** How often the group was at its limit, and what was killed for it. */
  told(): { readonly atLimit: number; readonly killed: number };
}

const count = (path: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? -1);

/** By version 1 of control groups, or 2; undefined where neither has a memory controller for us. */
function newGroup(): Group | undefined {
  const name = `piburn-test-${process.pid}`;
  if (existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')) {
    const directory = join('/sys/fs/cgroup/memory', name);
    const [atLimit, killed] = [join(directory, 'memory.failcnt'), join(directory, 'memory.oom_control')];
    const told = () => ({ atLimit: count(atLimit, /(\d+)/), killed: count(killed, /^oom_kill (\d+)/m) });
    return { directory, limitFile: 'memory.limit_in_bytes', told };
  }
  const enabled = '/sys/fs/cgroup/cgroup.subtree_control';
  if (!existsSync(enabled) || !/\bmemory\b/.test(readFileSync(enabled, 'utf8'))) return undefined;
  const directory = join('/sys/fs/cgroup', name);
  const events = join(directory, 'memory.events');
  const told = () => ({ atLimit: count(events, /^max (\d+)/m), killed: count(events, /^oom_kill (\d+)/m) });
  return { directory, limitFile: 'memory.max', told };
}

const inMemory = 0x01021994; // tmpfs, of statfs(2): its pages count as memory and cannot go anywhere

/** A place whose processes may have `limitBytes` together; undefined, and the test skipped, where there is none. */
function narrowPlace(t: TestContext): { readonly place: Workplace; readonly group: Group } | undefined {
  const group = isRoot ? newGroup() : undefined;
  if (group === undefined) {
    t.skip('limiting memory needs root and a memory controller');
    return undefined;
  }
  const place = workplace(t);
  if (statfsSync(place.directory).type === inMemory) {
    t.skip(`${place.directory} lies in memory itself: set TMPDIR to a disk`);
    return undefined;
  }
  mkdirSync(group.directory);
  t.after(() => removeGroup(group.directory));
  writeFileSync(join(group.directory, group.limitFile), String(limitBytes));
  return { place, group };
}

/** A group can be removed when its last process is gone, which may take a moment after its end. */
async function removeGroup(directory: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      rmdirSync(directory);
      return;
    } catch {
      await sleep(50);
    }
  }
}

/** `piburn ARGS`, it and all that it starts in the group. */
async function piburnIn(group: Group, place: Workplace, args: readonly string[]): Promise<Ran> {
  const enter = 'echo $$ >"$0" && exec "$@"';
  const command = ['-c', enter, join(group.directory, 'cgroup.procs'), process.execPath, programPath, ...args];
  const env = {
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
    HOME: place.path('home'),
    PIBURN_STORE: place.store,
    PIBURN_REPO: place.path('no-list.json'),
  };
  const child = spawn('sh', command, { cwd: place.directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 300_000);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearTimeout(tooLong);
  return { code, ...text };
}

/** An image that is mostly one large file, of a kind that packs at once. */
async function makeLargeImage(place: Workplace): Promise<{ image: string; layout: PiImageLayout }> {
  const image = place.path('pi.img');
  const layout = await makePiImage(image, 'trixie', { bootMb: 36, rootMb });
  const filling = place.path('filling');
  const piece = noise(64 * 1024, 11);
  const file = openSync(filling, 'w');
  for (let at = 0; at < usedMiB * MiB; at += piece.length) writeSync(file, piece);
  closeSync(file);
  execFileSync('debugfs', ['-w', '-R', `write ${filling} filling`, `${image}?offset=${layout.root.offsetBytes}`], {
    stdio: 'pipe',
  });
  return { image, layout };
}

/** Pages that are in memory already were counted for whoever brought them in. */
function forgetPages(path: string): void {
  execFileSync('sync', [path]);
  execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
}

test('an image of twice the memory burns, raw and compressed', async (t) => {
  const narrow = narrowPlace(t);
  if (narrow === undefined) return;
  const { place, group } = narrow;
  const { image, layout } = await makeLargeImage(place);
  execFileSync('xz', ['-0', '--threads=0', '--block-size=16MiB', '--keep', image]);
  for (const source of [image, `${image}.xz`]) {
    forgetPages(source);
    const card = place.path('card');
    writeFileSync(card, '');
    truncateSync(card, statSync(image).size + 4 * MiB);
    const order = ['create', `--image=${source}`, `--device=${card}`, '--hostname=blue', '--yes', '--json'];
    const ran = await piburnIn(group, place, order);
    assert.equal(group.told().killed, 0, ran.stderr);
    assert.equal(goodSummary(ran).good, 1);
    assert.ok(group.told().atLimit > 0, 'the limit was met');
    const [found] = compareCards([card], image, { free: freeOf(image, layout) });
    assert.deepEqual(found?.missed, []);
    assert.ok(found.changed.length < 100, `${found.changed.length} blocks for the settings`);
  }
});
