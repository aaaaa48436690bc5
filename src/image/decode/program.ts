// Decoding by another program: it is fed through a pipe, its output is the image, and how it ended tells whether that
// is all of it.

import { fstatSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { failure, interruption, type PiburnError } from '../../errors.js';
import { type FedProgram, type Running, start, startInto } from '../../exec.js';
import { corruptImage } from './corrupt.js';
import { type Encoded, Feed } from './encoded.js';
import { asNobody } from './nobody.js';

export interface DecodingProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** Bytes that are fed after the encoded ones. */
  readonly ending?: Buffer;
  /** What a failure means where it is not damage, from what the program said. */
  readonly explain?: (words: string, exitCode: number) => PiburnError | undefined;
  /** What to try when the system ended it. */
  readonly killedHint?: string;
}

/** The program's output, its end checked. Breaking off the iteration ends the program. */
export const decodeByProgram = (
  encoded: Encoded,
  how: DecodingProgram,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> =>
  throughProgram(
    encoded,
    how,
    seen,
    () => start(how.program, how.args, asNobody()),
    ({ stdout }) => stdout,
  );

/**
 * For a program that writes into the open file `into` itself: how many bytes are there, again and again, and at last, when its
 * end was checked, how many that were. Breaking off the iteration ends the program.
 */
export async function* decodeIntoFile(
  encoded: Encoded,
  how: DecodingProgram,
  into: number,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<number> {
  const sizeBytes = () => fstatSync(into).size;
  yield* throughProgram(
    encoded,
    how,
    seen,
    () => startInto(how.program, how.args, into, asNobody()),
    ({ ended }) => whileItRuns(ended, sizeBytes),
  );
  yield sizeBytes();
}

const lookAgainMs = 5;

async function* whileItRuns(ended: Promise<unknown>, sizeBytes: () => number): AsyncGenerator<number> {
  let isRunning = true;
  const end = ended.finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    yield sizeBytes();
    await Promise.race([end, setTimeout(lookAgainMs)]);
  }
}

async function* throughProgram<Program extends FedProgram, T>(
  encoded: Encoded,
  how: DecodingProgram,
  seen: ((bytes: Uint8Array) => void) | undefined,
  begin: () => Program,
  told: (running: Program) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const feed = new Feed(encoded, seen === undefined ? {} : { seen });
  const running = begin();
  // A program that stops early closes the pipe under us; its exit code tells why, so that error is not ours to report.
  const feeding = pipeline(followedBy(feed.bytes(), how.ending), running.stdin).catch(() => undefined);
  try {
    yield* told(running);
    await feeding;
    feed.check();
    await checkEnd(running, encoded.name, how);
    if (!feed.isWhole) throw corruptImage(encoded.name, 'there is something else behind the end of its data');
  } finally {
    running.kill();
    await feed.end(feeding);
    await running.ended;
  }
}

/** No bytes at all are followed by nothing: the program is to say that they are no image. */
async function* followedBy(chunks: AsyncIterable<Buffer>, ending: Buffer | undefined): AsyncGenerator<Buffer> {
  let came = false;
  for await (const chunk of chunks) {
    came = true;
    yield chunk;
  }
  if (came && ending !== undefined) yield ending;
}

/** @throws PiburnError when a program did not end well. */
export async function checkEnd(
  running: Running,
  name: string,
  { program, explain, killedHint }: Omit<DecodingProgram, 'args'>,
): Promise<void> {
  const { exitCode, signal, stderr } = await running.ended;
  if (signal !== undefined) throw stoppedBy(signal, name, program, killedHint);
  if (exitCode === 0) return;
  throw explain?.(stderr, exitCode) ?? corruptImage(name, wordsOf(program, stderr));
}

/** A terminal's Ctrl-C reaches the program as well, and before us. Whatever else ends it says nothing of the image. */
function stoppedBy(signal: string, name: string, program: string, hint?: string): PiburnError {
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) return interruption(`reading ${name} was interrupted`);
  return failure('DECODER_KILLED', `${program} was ended by ${signal} while it decoded ${name}`, {
    hint: hint ?? 'perhaps the memory ran out: close other programs',
  });
}

/** `xz: (stdin): Compressed data is corrupt` without what a person does not need: the first line that says something. */
function wordsOf(program: string, stderr: string): string {
  const names = [/^(lbzip2|bzip2|zstd|xz): /, /^ERROR: /, /^\(stdin\):? /, /^stdin: /, /^\/\*stdin\*\\ ?: /];
  const lines = stderr.split('\n').map((line) => names.reduce((rest, each) => rest.replace(each, ''), line).trim());
  const said = lines.find((line) => line !== '' && !/^ERRORS:?$/.test(line)) ?? '';
  return said.replaceAll(/\p{Cc}/gu, '') || `${program} gave up`;
}
