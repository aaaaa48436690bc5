// No text becomes a command: programs get their arguments as lists, and the few scripts of our own are constants.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../../src/', import.meta.url));
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const filesWith = (pattern: RegExp): string[] =>
  files.filter((name) => pattern.test(readFileSync(join(sources, name), 'utf8'))).toSorted();

test('nobody asks for a shell', () => {
  assert.ok(files.length > 200);
  assert.deepEqual(filesWith(/\bshell: *(true|'\/bin\/sh')|\bexecSync\b|\bexecaCommand/), []);
});

test('only two files start programs', () => {
  assert.deepEqual(filesWith(/from 'execa'/), ['exec.ts']);
  assert.match(readFileSync(join(sources, 'exec.ts'), 'utf8'), /^import \{ execa \} from 'execa';$/m);
  assert.deepEqual(filesWith(/import (?!type)[^;]*from '(node:)?child_process'/), ['cli/supervisor.ts']);
  assert.deepEqual(filesWith(/require\('(node:)?child_process'\)/), []);
});

test('no text is compiled as code, but that of a library', () => {
  // The library's own loader, which it brings as a file.
  assert.deepEqual(filesWith(/\beval\(|new Function\(|from 'node:vm'/), ['customise/root/libext2fs.ts']);
});

test('the only scripts for sh are constants that get what varies as arguments', () => {
  const scripts = [
    // Not for this machine: lines for cloud-init on the card.
    'customise/flavours/cloud-user-data.ts',
    'customise/flavours/cloudinit.ts',
    'image/decode/xz-into-file.ts',
  ];
  assert.deepEqual(filesWith(/program: 'sh'|'sh', '-c'|run\('(ba|da)?sh'/), scripts);
  const text = readFileSync(join(sources, 'image/decode/xz-into-file.ts'), 'utf8');
  assert.match(
    text,
    /const script = `trap '' XFSZ; ulimit -f "\$1" 2>\/dev\/null \|\| \{ echo 'the file size limit is less' >&2; exit 1; \}; shift; exec xz "\$@"`;/,
  );
});
