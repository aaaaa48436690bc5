// A run as the report sees it: the values that several of its tests start from.

import type { BurnEvent, BurnSummary, CardReport, Phase, Plan, TargetDescription } from '../../src/protocol.js';
import { fold, initialState, type RunState } from '../../src/report/state.js';

/** An event and the clock at which it comes. */
export type TimedEvent = readonly [nowMs: number, event: BurnEvent];

export const foldAll = (events: readonly TimedEvent[], from: RunState = initialState()): RunState =>
  events.reduce((state, [nowMs, event]) => fold(state, event, nowMs), from);

export const sampleTarget: TargetDescription = {
  path: '/dev/sda',
  kind: 'block',
  fresh: false,
  sizeBytes: 31_914_983_424,
  model: 'Generic STORAGE DEVICE',
  serial: '0042',
  transport: 'usb',
  removable: true,
  content: 'dos: bootfs (vfat, 512 MiB)',
  mountpoints: ['/media/pi/bootfs'],
};

export const samplePlan: Plan = {
  image: {
    source: 'raspios.img.xz',
    sizeBytes: 2_780_000_000,
    writeBytes: 2_100_000_000,
    skipBytes: 680_000_000,
    flavour: 'cloudinit',
    flavourReason: 'partition 1 has a user-data file',
    layout: ['partition 2: ext4 rootfs, 60 % used'],
  },
  targets: [sampleTarget, { ...sampleTarget, path: '/dev/sdb', mountpoints: [] }],
  notReady: [],
  cards: [
    {
      slot: 1,
      device: '/dev/sda',
      hostname: 'red001',
      address: '10.1.1.2/24',
      files: [{ path: 'user-data', text: '#cloud-config\nhostname: red001\n' }],
      patchBytes: 4096,
    },
    { slot: 2, device: '/dev/sdb', hostname: 'red002', files: [], patchBytes: 0 },
    { hostname: 'red003', files: [], patchBytes: 0 },
  ],
  verify: true,
  full: false,
};

export const goodCard: CardReport = {
  slot: 1,
  device: '/dev/sda',
  round: 0,
  attempt: 1,
  hostname: 'red001',
  address: '10.1.1.2/24',
  model: 'Generic STORAGE DEVICE',
  sizeBytes: 31_914_983_424,
  outcome: 'good',
  bootable: 'yes',
  writtenBytes: 2_100_000_000,
  skippedBytes: 680_000_000,
  verifiedBytes: 2_100_000_000,
  writeMs: 90_000,
  verifyMs: 30_000,
  totalMs: 124_000,
  repairs: [],
  warnings: [],
  direct: true,
};

export const failedCard: CardReport = {
  ...goodCard,
  slot: 2,
  device: '/dev/sdb',
  hostname: 'red002',
  outcome: 'failed',
  failure: {
    kind: 'failed',
    code: 'EIO',
    message: 'writing to /dev/sdb failed at byte 4194304: input/output error',
    hint: 'try another card',
  },
  bootable: 'no',
  writtenBytes: 4_194_304,
  verifiedBytes: 0,
  writeMs: 1000,
  verifyMs: 0,
  totalMs: 1200,
};

export const sampleSummary: BurnSummary = {
  version: 1,
  image: 'raspios.img.xz',
  startedAt: '2026-01-01T00:00:00.000Z',
  elapsedMs: 130_000,
  decodes: 1,
  good: 1,
  failed: 1,
  cancelled: 0,
  cards: [goodCard, failedCard],
  retried: [],
};

export const progress = (slot: number, doneBytes: number, totalBytes: number, phase: Phase = 'writing'): BurnEvent => ({
  type: 'progress',
  slot,
  device: `/dev/sd${'?abcdefgh'[slot] ?? '?'}`,
  phase,
  doneBytes,
  totalBytes,
  elapsedMs: 0,
});

export const reading = (doneBytes: number, totalBytes: number): BurnEvent => ({
  type: 'image',
  state: 'reading',
  how: 'decode',
  decoder: 'xz',
  doneBytes,
  totalBytes,
  elapsedMs: 0,
});
