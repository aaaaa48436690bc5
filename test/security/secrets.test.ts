// Passwords: seen in no command line once piburn has started, and in nothing that it prints or leaves behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { workplace } from '../e2e/support.js';
import { makePiImage } from '../fixtures/pi-image.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';
import { until } from '../shim/faulty-run.js';

const secrets = ['Correct-Horse-1', 'Wifi-Horse-2'] as const;
const [password, wifi] = secrets;

/** The command lines of a process and of all below it. */
function commandLines(pid: number): string[] {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const parentOf = (each: string) => Number(/\) \S (\d+)/.exec(read(`/proc/${each}/stat`))?.[1] ?? 0);
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const below = all.filter((each) => parentOf(each) === pid).flatMap((each) => commandLines(Number(each)));
  return [read(`/proc/${pid}/cmdline`), ...below];
}

test('command lines do not show them', async (t) => {
  const place = workplace(t);
  // It reads its image from a pipe that nobody writes into.
  const args = ['create', '-', 'card.img', '--hostname=red1', `--passwd=${password}`, '--ssid=x', '--yes'];
  const child = spawn(process.execPath, [programPath, ...args], {
    cwd: place.directory,
    env: { ...process.env, PIBURN_STORE: place.store, WIFIPASSWORD: wifi },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  undo(t, () => child.kill('SIGKILL'));
  await until('the engine', () => commandLines(child.pid ?? 0).length > 1);
  const lines = commandLines(child.pid ?? 0);
  for (const line of lines) for (const secret of secrets) assert.ok(!line.includes(secret), line);
  assert.equal(lines[0]?.replaceAll('\0', ''), 'piburn');
});

test('neither do events, errors, stacks, the report, or anything in the store', async (t) => {
  const place = workplace(t);
  await makePiImage(place.path('pi.img'), 'trixie', { bootMb: 36, rootMb: 24 });
  writeFileSync(place.path('card.img'), '');
  truncateSync(place.path('card.img'), 80 * 1024 * 1024);
  const env = { PASSWD: password, WIFIPASSWORD: wifi };
  const args = ['create', '--image=pi.img', '--device=card.img', '--hostname=red1', '--user=me'];
  const more = ['--ssid=x', '--country=DE', '--verbose', '--json', '--yes', '--report=report.json'];
  const good = await place.piburn([...args, ...more], { env });
  assert.equal(good.code, 0, good.stderr);
  const bad = await place.piburn([...args, ...more, '--image=none.img'], { env });
  assert.notEqual(bad.code, 0);
  const left = readdirSync(place.directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name !== 'pi.img' && statSync(join(place.directory, name)).isFile())
    .map((name) => [name, readFileSync(join(place.directory, name), 'latin1')] as const);
  assert.ok(left.some(([name]) => name.startsWith('store/runs/')));
  for (const [name, text] of [
    ...left,
    ['standard output', good.stdout + bad.stdout],
    ['errors', good.stderr + bad.stderr],
  ])
    for (const secret of secrets) assert.ok(!text?.includes(secret), `${secret} in ${name}`);
});
