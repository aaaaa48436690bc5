// The bench as it is called, on the smallest image: it measures, judges, keeps what it found and cleans up.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isThere } from '../../bench/programs.js';
import { scratchFolder } from '../native/scratch.js';

const bench = fileURLToPath(new URL('../../bench/run.js', import.meta.url));
const needed = ['cc', 'debugfs', 'mkfs.vfat', 'mcopy', 'sfdisk', 'losetup', 'mount'];
const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
process.env['PATH'] = path;
const missing = needed.filter((program) => !isThere(program));
const skip = process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 ? `needs ${missing.join(', ')}` : hasLoops();

function hasLoops(): string | false {
  try {
    execFileSync('losetup', ['--find'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'needs loop devices';
  }
}

test('a run measures its rows, keeps them as JSON and SVG, and leaves nothing behind', { skip }, async (t) => {
  const directory = scratchFolder(t);
  const [json, plot] = [join(directory, 'result.json'), join(directory, 'plots')];
  const args = ['raw-1 piburn again', '--mib=128', '--rounds=1', `--json=${json}`, `--plot=${plot}`];
  const { code, stdout, stderr } = await call(directory, args);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^raw-1: raw image, one card$/m);
  assert.match(stdout, /^ {2}piburn again +\d+\.\d\d .* 1\.25 +(yes|no)$/m);
  const { rows } = JSON.parse(readFileSync(json, 'utf8'));
  assert.deepEqual(
    rows.map(({ name }: { readonly name: string }) => name),
    ['raw-1 limit', 'raw-1 piburn again'],
  );
  for (const { name, rounds, usedBytes } of rows) {
    const [round] = rounds;
    assert.equal(rounds.length, 1, name);
    assert.equal(round.cards.length, 1, name);
    assert.ok(round.wallSeconds > 0, name);
    // The limit may be done before its memory was looked at for the first time.
    if (name !== 'raw-1 limit') assert.ok(round.peakBytes > 0 && round.residentBytes > 0, name);
    // piburn also wipes both ends, and leaves a mark and markers.
    const { writtenBytes, readBytes } = round.cards[0];
    assert.ok(writtenBytes >= usedBytes && writtenBytes < usedBytes + 16e6, `${name} wrote ${writtenBytes}`);
    assert.ok(readBytes >= usedBytes, `${name} read ${readBytes}`);
  }
  assert.deepEqual(readdirSync(plot), ['raw.svg']);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('piburn-bench-')),
    [],
  );
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(directory));
  assert.doesNotMatch(execFileSync('losetup', ['--list'], { encoding: 'utf8' }), new RegExp(directory));
});

test('a word that no row has is refused before anything is made', async (t) => {
  const { code, stderr } = await call(scratchFolder(t), ['no such row']);
  assert.equal(code, 2);
  assert.match(stderr, /no row has a name with 'no such row' in it/);
});

/** Its temporary directory is ours, so that what it leaves can be told from what others do. */
async function call(directory: string, args: readonly string[]) {
  const env = { ...process.env, TMPDIR: directory };
  const child = spawn(process.execPath, [bench, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  const [code] = await once(child, 'close');
  return { code, ...text };
}
