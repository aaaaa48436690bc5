// Sizes and times as people type them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PiburnError } from '../src/errors.js';
import { parseSeconds, parseSize } from '../src/typed-amounts.js';

const sizes: readonly (readonly [text: string, bytes: number])[] = [
  ['1', 1],
  ['4096', 4096],
  ['4K', 4096],
  ['4k', 4096],
  ['4KiB', 4096],
  ['4KB', 4000],
  ['1M', 1048576],
  ['1MiB', 1048576],
  ['1MB', 1_000_000],
  ['0.5M', 524288],
  ['1.5G', 1610612736],
  ['8G', 8589934592],
  ['32GB', 32_000_000_000],
  ['2T', 2199023255552],
  ['1TB', 1_000_000_000_000],
  [' 8G ', 8589934592],
];

for (const [text, bytes] of sizes)
  test(`'${text}' is ${bytes} bytes`, () => assert.equal(parseSize(text, '--size'), bytes));

const noSizes = [
  '',
  ' ',
  '0',
  '0M',
  '-1M',
  '+1M',
  '1e6',
  '0x10',
  '4 M',
  'M',
  '4MM',
  '4MBit',
  '4P',
  '1.3',
  '1,5G',
  '.5G',
  '4M4',
  '9999999T',
  'NaN',
  '∞',
];

for (const text of noSizes)
  test(`'${text}' is no size`, () => {
    assert.throws(() => parseSize(text, '--blocksize'), isUsage('SIZE', '--blocksize'));
  });

const seconds: readonly (readonly [text: string, ms: number])[] = [
  ['1', 1000],
  ['120', 120_000],
  ['2.5', 2500],
];

for (const [text, ms] of seconds)
  test(`'${text}' seconds are ${ms} ms`, () => assert.equal(parseSeconds(text, '--stall-timeout'), ms));

for (const text of ['', '0', '-5', '1m', '1e3', 'ten', '1000000', ' 5'])
  test(`'${text}' is no number of seconds`, () => {
    assert.throws(() => parseSeconds(text, '--stall-timeout'), isUsage('SECONDS', '--stall-timeout'));
  });

/** A usage error that names the option and shows how it is written. */
const isUsage = (code: string, option: string) => (error: unknown) => {
  assert.ok(error instanceof PiburnError);
  assert.deepEqual([error.failure.code, error.exitCode], [code, 2]);
  assert.ok(error.failure.message.startsWith(`${option}: `), error.failure.message);
  assert.ok(error.failure.hint?.includes(`${option}=`), error.failure.hint);
  return true;
};
