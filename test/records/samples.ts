// Burns and cards as the tests of the records begin from, and other processes that use the records.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { BurnRecord, CardReport } from '../../src/protocol.js';
import { undo } from '../native/scratch.js';
import { goodCard as plainCard } from '../report/samples.js';

export const record: BurnRecord = {
  version: 1,
  at: '2026-11-01T10:00:00.000Z',
  run: '20261101T095500-00c0de',
  hostname: 'red001',
  address: '10.1.1.2/24',
  image: '2026-06-18-raspios-trixie-arm64-lite',
  imageSha256: 'ab'.repeat(32),
  device: '/dev/sda',
  port: 'pci-0000:00:14.0-usb3-1.4-lun0',
  slot: 'slot 3',
  card: 'mark:00112233445566778899aabbccddeeff',
  readerModel: 'Generic STORAGE DEVICE',
  readerSerial: '000000000272',
  sizeBytes: 31_914_983_424,
  outcome: 'good',
  verified: true,
  writtenBytes: 2_100_000_000,
  writeMs: 90_000,
  verifiedBytes: 2_100_000_000,
  verifyMs: 48_000,
  totalMs: 140_000,
  repairs: 0,
  writeLatency: { pieces: 500, medianMs: 180, p99Ms: 400, maxMs: 900 },
  readLatency: { pieces: 500, medianMs: 90, p99Ms: 100, maxMs: 120 },
};

export const goodCard: CardReport = {
  ...plainCard,
  place: 'slot 3',
  verifyMs: 48_000,
  totalMs: 140_000,
  repairs: [{ offsetBytes: 4096, lengthBytes: 4096, how: 'reread' }],
  warnings: ['slow'],
  cardId: '00112233445566778899aabbccddeeff',
};

export const failedCard = (hostname: string): CardReport => ({
  ...goodCard,
  hostname,
  outcome: 'failed',
  bootable: 'no',
  failure: {
    kind: 'failed',
    code: 'VERIFY_MISMATCH',
    message: '/dev/sda does not hold what was written',
    hint: 'use another card',
    device: '/dev/sda',
    offsetBytes: 8192,
  },
});

/** The code of a failure that must be thrown. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Error && 'failure' in error) return (error.failure as { code: string }).code;
    throw error;
  }
  return 'nothing was thrown';
}

const urlOf = (name: string): string => new URL(`../../src/records/${name}.js`, import.meta.url).href;

/** Runs a module in another process, with the functions of some files of the records; killed with the test. */
export function otherProcess(t: TestContext, files: readonly string[], code: string): ChildProcess {
  const imports = files.map((name, index) => `import * as m${index} from '${urlOf(name)}';`).join('');
  const all = `const {${names}} = {${files.map((_, index) => `...m${index}`).join(', ')}};`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', imports + all + code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  undo(t, () => child.kill('SIGKILL'));
  return child;
}

const names = 'appendRecord, beginJournal, changeSlotBook';

/** Waits until another process says a line. */
export async function saidReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('there is no output');
  await once(child.stdout, 'data');
}

export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}
