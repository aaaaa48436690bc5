// YAML on a card that nests without end: it is not read, and it does not end the process either.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bounded } from './bounded.js';

const bottomless = [
  ['a:\n ', '- ', 500_000],
  ['a: ', '[', 1_000_000],
  ['', '{a: ', 250_000],
  ['', '? ', 500_000],
  ['a:\n ', '- ? ', 200_000],
  ['a: b\n', '- c\n', 1_000_000],
] as const;
const bearable = [
  ['a: ', '[', 999],
  ['hostname: red001\nhosts: |\n', '  10.1.1.1 red001\n', 10_000],
  ['bootcmd: |\n', '  echo "\\033[31m red"\n', 5000],
  ['runcmd:\n', '- [a, [b, {c: d}]]\n', 100],
] as const;

test('user-data of endless levels is not read, in little memory', async () => {
  const { answer } = await bounded<boolean[]>(new URL('read-yaml.js', import.meta.url), [...bottomless, ...bearable]);
  assert.deepEqual(answer, [...bottomless.map(() => false), ...bearable.map(() => true)]);
});
