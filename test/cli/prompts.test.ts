// Questions as a person meets them: the command in a pseudo terminal, its prompts answered one by one.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { MiB, workplace } from '../e2e/support.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';

const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const skip = spawnSync('script', ['--version']).status === 0 ? false : 'needs script (util-linux)';
const keys = { endOfInput: '\x04', interrupt: '\x03', enter: '\r' };
const question = /Go on\? \[y\/N\] $/;

/** One store for all tests, so that the image is decoded once. */
const store = mkdtempSync(join(tmpdir(), 'piburn-prompts-'));
after(() => rmSync(store, { recursive: true, force: true }));

/** What to wait for, and what to type then; a function may do something first. */
type Answer = readonly [prompt: RegExp, typed: string | (() => string)];

interface Talk {
  readonly code: number | null;
  /** Everything on the screen, without colours and cursor movements. */
  readonly screen: string;
  /** The answers that were asked for. */
  readonly asked: number;
}

/** Runs a shell command in a terminal of its own and answers its prompts in the given order. */
async function inTerminal(t: TestContext, command: string, cwd: string, answers: readonly Answer[]): Promise<Talk> {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { ...process.env, TERM: 'xterm', HOME: cwd, PIBURN_STORE: store, PASSWD: '', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  undo(t, () => child.kill('SIGKILL'));
  const talk = { screen: '', asked: 0, heard: 0 };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    talk.screen += text;
    const answer = answers[talk.asked];
    const fresh = stripVTControlCharacters(talk.screen.slice(talk.heard));
    if (answer === undefined || !answer[0].test(fresh)) return;
    talk.asked++;
    talk.heard = talk.screen.length;
    const typed = answer[1];
    child.stdin.write(typeof typed === 'string' ? typed : typed());
  });
  const code = await ended(child);
  return { code, asked: talk.asked, screen: stripVTControlCharacters(talk.screen) };
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(tooLong);
      resolve(code);
    });
  });

const piburn = (...args: readonly string[]): string =>
  [process.execPath, programPath, ...args].map((word) => `'${word}'`).join(' ');

/** A little disk of noise. */
function disk(): Buffer {
  const bytes = randomBytes(3 * MiB);
  bytes.fill(0, 0, 512);
  bytes.writeUInt8(0x83, 446 + 4);
  bytes.writeUInt32LE(2048, 446 + 8);
  bytes.writeUInt32LE(bytes.length / 512 - 2048, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** A place with an image and a card that was in use. */
function usedCard(t: TestContext): { readonly directory: string; readonly image: Buffer; readonly card: () => Buffer } {
  const { directory, path } = workplace(t);
  const image = disk();
  writeFileSync(path('a.img'), image);
  writeFileSync(path('card.img'), Buffer.alloc(3 * MiB, 0xee));
  return { directory, image, card: () => readFileSync(path('card.img')) };
}

const isUntouched = (card: Buffer): boolean => card.every((byte) => byte === 0xee);

for (const typed of ['n', '', 'yellow', 'no y'])
  test(`the question answered with '${typed}' is a refusal, and nothing is written`, { skip }, async (t) => {
    const { directory, card } = usedCard(t);
    const talk = await inTerminal(t, piburn('burn', 'a.img', 'card.img'), directory, [[question, `${typed}\r`]]);
    assert.deepEqual([talk.code, talk.asked], [3, 1], talk.screen);
    assert.match(talk.screen, /card\.img .*3\.15 MB/);
    assert.match(talk.screen, /nothing was written/);
    assert.ok(isUntouched(card()));
  });

for (const typed of ['y', 'Yes'])
  test(`the question answered with '${typed}' burns the card`, { skip }, async (t) => {
    const { directory, image, card } = usedCard(t);
    const talk = await inTerminal(t, piburn('burn', 'a.img', 'card.img'), directory, [[question, `${typed}\r`]]);
    assert.deepEqual([talk.code, talk.asked], [0, 1], talk.screen);
    assert.ok(card().equals(image));
  });

test('the end of input is no yes, and Ctrl-C at the question is an interruption', { skip }, async (t) => {
  const { directory, card } = usedCard(t);
  const command = piburn('burn', 'a.img', 'card.img');
  const ended = await inTerminal(t, command, directory, [[question, keys.endOfInput]]);
  assert.equal(ended.code, 3, ended.screen);
  const interrupted = await inTerminal(t, command, directory, [[question, keys.interrupt]]);
  assert.equal(interrupted.code, 130, interrupted.screen);
  assert.ok(isUntouched(card()));
});

test('nothing is asked with --yes, in a dry run, or when nothing can be lost', { skip }, async (t) => {
  const { directory, image, card } = usedCard(t);
  const dry = await inTerminal(t, piburn('burn', 'a.img', 'card.img', '--dryrun'), directory, [[/Go on\?/, 'y\r']]);
  assert.deepEqual([dry.code, dry.asked], [0, 0], dry.screen);
  assert.ok(isUntouched(card()));
  for (const args of [['card.img', '--yes'], ['new.img']]) {
    const talk = await inTerminal(t, piburn('burn', 'a.img', ...args), directory, [[/Go on\?/, 'n\r']]);
    assert.deepEqual([talk.code, talk.asked], [0, 0], talk.screen);
  }
  assert.ok(card().equals(image));
});

test('with the image on standard input the terminal itself is asked', { skip }, async (t) => {
  const { directory, image, card } = usedCard(t);
  const command = `cat a.img | ${piburn('burn', '-', 'card.img')}`;
  const no = await inTerminal(t, command, directory, [[question, 'n\r']]);
  assert.deepEqual([no.code, no.asked], [3, 1], no.screen);
  assert.ok(isUntouched(card()));
  const yes = await inTerminal(t, command, directory, [[question, 'y\r']]);
  assert.deepEqual([yes.code, yes.asked], [0, 1], yes.screen);
  assert.ok(card().equals(image));
});

const reuse = (slot: string) => new RegExp(`Slot ${slot} needs to be reused\\. Do you wish to continue\\? \\[y/n\\] $`);
const insert = /Insert next card \(.*\) and press enter\.\.\.$/;

/** Three nodes on two slots: only the first slot is needed again. */
const create = piburn(
  'create',
  `--image=${piImage}`,
  '--device=slot[1-2].img',
  '--hostname=red[1-3]',
  '--ipaddr=10.1.1.[2-4]',
  // The first slot is done first.
  '--jobs=1',
);

/** Which node a card is, as its cloud-init says. */
const hostOf = (path: string): string | undefined =>
  /^hostname: "?(\w+)"?$/m.exec(readFileSync(path).toString('latin1'))?.[1];

test('a slot that is needed again is asked for, and only that one', { skip }, async (t) => {
  const { directory, path } = workplace(t);
  const takeOut = () => {
    renameSync(path('slot1.img'), path('first.img'));
    return keys.enter;
  };
  const talk = await inTerminal(t, create, directory, [
    [reuse('slot1.img'), 'y\r'],
    [insert, takeOut],
    [/reused|Insert/, 'n\r'],
  ]);
  assert.deepEqual([talk.code, talk.asked], [0, 2], talk.screen);
  assert.match(talk.screen, /Insert next card \(slot1\.img, for red3 10\.1\.1\.4\/24\) and press enter/);
  assert.doesNotMatch(talk.screen, /Slot slot2\.img/);
  assert.deepEqual(
    [hostOf(path('first.img')), hostOf(path('slot2.img')), hostOf(path('slot1.img'))],
    ['red1', 'red2', 'red3'],
  );
});

test('a slot that is not to be reused leaves its nodes out, and the cards that are done stay', { skip }, async (t) => {
  for (const typed of ['n\r', keys.endOfInput]) {
    const { directory, path } = workplace(t);
    const talk = await inTerminal(t, create, directory, [
      [reuse('slot1.img'), typed],
      [/reused|Insert/, 'n\r'],
    ]);
    assert.deepEqual([talk.code, talk.asked], [1, typed === 'n\r' ? 2 : 1], talk.screen);
    assert.match(talk.screen, /red3 got no card/);
    assert.deepEqual([hostOf(path('slot1.img')), hostOf(path('slot2.img'))], ['red1', 'red2']);
  }
});

test('the end of input answers every later question too', { skip }, async (t) => {
  const { directory, path } = workplace(t);
  const four = create.replace('red[1-3]', 'red[1-4]').replace('[2-4]', '[2-5]');
  const talk = await inTerminal(t, four, directory, [[/needs to be reused/, keys.endOfInput]]);
  assert.equal(talk.code, 1, talk.screen);
  assert.match(talk.screen, /red3 got no card/);
  assert.match(talk.screen, /red4 got no card/);
  assert.deepEqual([hostOf(path('slot1.img')), hostOf(path('slot2.img'))], ['red1', 'red2']);
});

test('a card that will not do is refused with the reason, and the next one asked for', { skip }, async (t) => {
  const { directory, path } = workplace(t);
  const wrongCard = () => {
    renameSync(path('slot1.img'), path('first.img'));
    mkdirSync(path('slot1.img'));
    return keys.enter;
  };
  const rightCard = () => {
    rmSync(path('slot1.img'), { recursive: true });
    return keys.enter;
  };
  const talk = await inTerminal(t, create, directory, [
    [reuse('slot1.img'), 'y\r'],
    [insert, wrongCard],
    [insert, rightCard],
  ]);
  assert.deepEqual([talk.code, talk.asked], [0, 3], talk.screen);
  assert.match(talk.screen, /slot1\.img is a directory, not a disk/);
  assert.equal(talk.screen.match(/needs to be reused/g)?.length, 1);
  assert.equal(talk.screen.match(/is a directory/g)?.length, 1, 'the reason is told once');
  assert.deepEqual([hostOf(path('first.img')), hostOf(path('slot1.img'))], ['red1', 'red3']);
});

const withPassword = (...args: readonly string[]): string =>
  piburn('create', `--image=${piImage}`, '--device=card.img', '--hostname=red', '--passwd', ...args);

test('--passwd alone asks twice and shows nothing of what is typed', { skip }, async (t) => {
  const { directory, path } = workplace(t);
  const answers: readonly Answer[] = [
    [/Password of the cards: $/, 'hidden warde\x7f\x7fden\r'],
    [/Once more: $/, 'hidden warden\r'],
  ];
  const talk = await inTerminal(t, withPassword(), directory, answers);
  assert.deepEqual([talk.code, talk.asked], [0, 2], talk.screen);
  assert.doesNotMatch(talk.screen, /hidden|warde/);
  const card = readFileSync(path('card.img')).toString('latin1');
  assert.match(card, /\$6\$[^$\n]+\$[A-Za-z0-9./]{86}/);
  assert.doesNotMatch(card, /hidden warde/);
});

test('two passwords that differ, or none, are an error before anything is made', { skip }, async (t) => {
  const talks: readonly (readonly string[])[] = [
    ['first secret\r', 'other secret\r'],
    ['\r', '\r'],
  ];
  for (const [first = '', second = ''] of talks) {
    const { directory, path } = workplace(t);
    const talk = await inTerminal(t, withPassword(), directory, [
      [/Password of the cards: $/, first],
      [/Once more: $/, second],
    ]);
    assert.deepEqual([talk.code, talk.asked], [2, 2], talk.screen);
    assert.doesNotMatch(talk.screen, /secret/);
    assert.ok(!existsSync(path('card.img')));
  }
});

test('Ctrl-C or Ctrl-D while a password is typed ends the command', { skip }, async (t) => {
  for (const key of [keys.interrupt, keys.endOfInput]) {
    const { directory, path } = workplace(t);
    const talk = await inTerminal(t, withPassword(), directory, [
      [/Password of the cards: $/, `half${key}`],
      [/Once more: $/, 'n\r'],
    ]);
    assert.deepEqual([talk.code, talk.asked], [130, 1], talk.screen);
    assert.ok(!existsSync(path('card.img')));
  }
});
