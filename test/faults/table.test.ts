// FAULTS.md says what the tests try, no more and no less.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { faultRows } from './rows.js';
import { faultsPage } from './table.js';

test('FAULTS.md is what the rows and counts make of it (node dist/test/faults/write-table.js)', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../FAULTS.md', import.meta.url)), 'utf8');
  assert.equal(page, faultsPage());
});

test('no two faults of one place have the same name, and each says how it is made', () => {
  const names = faultRows.map(({ where, fault }) => `${where} ${fault}`);
  assert.equal(new Set(names).size, names.length);
  for (const { fault, inject } of faultRows) assert.ok(inject.length > 0, fault);
});
