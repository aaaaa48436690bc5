// The check values that the catalogue of CRCs gives for the text "123456789".

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc16, crc32, crc32c } from '../../../src/image/allocation/checksums.js';

const text = new TextEncoder().encode('123456789');

test('the CRCs have their published check values', () => {
  assert.equal(crc32(text), 0xcbf43926); // CRC-32/ISO-HDLC
  assert.equal(~crc32c(~0, text) >>> 0, 0xe3069283); // CRC-32/ISCSI, inverted at its end
  assert.equal(crc16(0xffff, text), 0x4b37); // CRC-16/MODBUS
});

test('a checksum carried on over parts is that of the whole', () => {
  assert.equal(crc32c(crc32c(~0, text.subarray(0, 4)), text.subarray(4)), crc32c(~0, text));
  assert.equal(crc16(crc16(0xffff, text.subarray(0, 4)), text.subarray(4)), crc16(0xffff, text));
});
