// Programs that do not do what they are for: killed, silent, gone early. What they leave is never taken for an image.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { PiburnError } from '../../../src/errors.js';
import type { Decoder } from '../../../src/image/decode/index.js';
import { scratchFolder } from '../../native/scratch.js';
import { decoded, failsWith, mebibyte, noise } from './support.js';

/** Puts a program of that name before all others. */
function pretend(t: TestContext, program: Decoder, script: string): void {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755); // decoders run as nobody
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
}

const encoded = noise(mebibyte, 3);
const programs = ['xz', 'zstd', 'bzip2', 'lbzip2'] as const;

for (const program of programs) {
  test(`a ${program} that is killed says nothing of the image`, async (t) => {
    pretend(t, program, 'kill -KILL $$');
    await assert.rejects(decoded(t, encoded, program), failsWith('DECODER_KILLED', /was ended by SIGKILL/));
  });

  test(`a ${program} that is interrupted is an interruption`, async (t) => {
    pretend(t, program, 'kill -INT $$');
    await assert.rejects(
      decoded(t, encoded, program),
      (error) => error instanceof PiburnError && error.failure.kind === 'interrupted',
    );
  });

  test(`a ${program} that fails says why, in its first words`, async (t) => {
    pretend(t, program, `cat > /dev/null; printf '\\n${program}: (stdin): all is \\033[31mlost\\nmore\\n' >&2; exit 1`);
    await assert.rejects(decoded(t, encoded, program), failsWith('IMAGE_CORRUPT', /cut short: all is \[31mlost$/));
  });

  test(`a ${program} that fails without a word is named`, async (t) => {
    pretend(t, program, 'exit 3');
    await assert.rejects(decoded(t, encoded, program), failsWith('IMAGE_CORRUPT', new RegExp(`: ${program} gave up$`)));
  });

  test(`a ${program} that is content with half of the bytes is not believed`, async (t) => {
    pretend(t, program, 'head -c 100; exit 0');
    await assert.rejects(decoded(t, encoded, program), failsWith('IMAGE_CORRUPT', /something else behind the end/));
  });
}

test('a 7-Zip that gives fewer bytes, or none, is not believed', async (t) => {
  const listing = 'Path = a.img\\nSize = 5\\nAttributes = A\\nCRC = 3610A686\\nMethod = Copy\\n';
  const answer = (words: string) => `case "$1" in l) printf '${listing}' ;; e) ${words} ;; esac`;
  const attempt = (words: string) => {
    pretend(t, '7zz', answer(words));
    return decoded(t, encoded, '7zz');
  };
  assert.equal(String(await attempt('printf hello')), 'hello');
  await assert.rejects(attempt('printf hell'), failsWith('IMAGE_CORRUPT', /5 bytes were promised, 4 came/));
  await assert.rejects(attempt('printf hello,'), failsWith('IMAGE_CORRUPT', /5 bytes were promised, at least 6 came/));
  await assert.rejects(attempt('printf hallo'), failsWith('IMAGE_CORRUPT', /checksum/));
  await assert.rejects(attempt('true'), failsWith('IMAGE_CORRUPT', /5 bytes were promised, 0 came/));
  await assert.rejects(attempt('exit 8'), failsWith('IMAGE_NEEDS_MEMORY'));
  await assert.rejects(attempt('echo "ERROR: Unsupported Method : a.img" >&2; exit 2'), failsWith('IMAGE_COMPRESSED'));
  await assert.rejects(
    attempt('exit 255'),
    (error) => error instanceof PiburnError && error.failure.kind === 'interrupted',
  );
});
