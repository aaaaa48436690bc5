// The plan in words: what --dryrun prints, and the one question.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Plan } from '../../src/protocol.js';
import { renderPlan, renderQuestion } from '../../src/report/plan-text.js';
import { assertHarmless, hostilePlan } from './hostile.js';
import { samplePlan, sampleTarget } from './samples.js';

test('a dry run prints everything that would be done and that nothing was', () => {
  assert.equal(
    renderPlan(samplePlan),
    `\
Image     raspios.img.xz, 2.78 GB
          partition 2: ext4 rootfs, 60 % used
Settings  cloudinit: partition 1 has a user-data file
Write     2.10 GB to each card; 680 MB unused is skipped; every byte is read back and compared
Nodes     3 nodes on 2 slots: red001 to red003

Targets
  /dev/sda  31.9 GB  Generic STORAGE DEVICE (usb, serial 0042)
            now on it: dos: bootfs (vfat, 512 MiB)
            mounted at /media/pi/bootfs: will be unmounted
  /dev/sdb  31.9 GB  Generic STORAGE DEVICE (usb, serial 0042)
            now on it: dos: bootfs (vfat, 512 MiB)

Cards
  slot 1 (sda, red001), 10.1.1.2/24: 4.10 kB differ from the image
    user-data
      #cloud-config
      hostname: red001
  slot 2 (sdb, red002): the image as it is
  red003, the next slot that is free: the image as it is

Nothing was written: this is a dry run.
`,
  );
});

test('the question names every target and what happens to them', () => {
  assert.equal(
    renderQuestion(samplePlan),
    `\
Image     raspios.img.xz, 2.78 GB
Settings  cloudinit: partition 1 has a user-data file
Write     2.10 GB to each card; 680 MB unused is skipped; every byte is read back and compared
Nodes     3 nodes on 2 slots: red001 to red003

Targets
  /dev/sda  31.9 GB  Generic STORAGE DEVICE (usb, serial 0042)
            now on it: dos: bootfs (vfat, 512 MiB)
            mounted at /media/pi/bootfs: will be unmounted
  /dev/sdb  31.9 GB  Generic STORAGE DEVICE (usb, serial 0042)
            now on it: dos: bootfs (vfat, 512 MiB)

Everything on these 2 cards will be erased, and on the 1 card put in after them. Go on? [y/N] `,
  );
});

test('before the image is whole, what nobody knows yet is not said', () => {
  const plan: Plan = { ...samplePlan, image: { source: 'raspios.img.xz', layout: [] }, verify: false };
  assert.deepEqual(renderQuestion(plan).split('\n').slice(0, 3), [
    'Image     raspios.img.xz',
    'Settings  chosen when the image has been looked at',
    'Write     what no file system uses is skipped; nothing is read back, so a bad card goes unnoticed',
  ]);
});

test('the last sentence fits what is erased', () => {
  const fresh = { ...sampleTarget, path: 'one.img', kind: 'file', fresh: true } as const;
  const cases: [Plan['targets'], string][] = [
    [[sampleTarget], 'Everything on this card will be erased. Go on? [y/N] '],
    [[sampleTarget, sampleTarget, fresh], 'Everything on these 2 cards will be erased. Go on? [y/N] '],
    [[fresh], '1 new file will be made and nothing is erased. Go on? [y/N] '],
  ];
  for (const [targets, text] of cases) {
    assert.equal(
      renderQuestion({ ...samplePlan, targets, cards: [] })
        .split('\n')
        .at(-1),
      text,
    );
  }
});

test('a file that does not exist yet is a new file', () => {
  const fresh = { ...sampleTarget, path: 'one.img', kind: 'file', fresh: true } as const;
  assert.match(renderQuestion({ ...samplePlan, targets: [fresh] }), /^ {2}one\.img {2}new file$/m);
});

test('--full says that the unused bytes are written too', () => {
  assert.match(renderPlan({ ...samplePlan, full: true }), /each card; every byte of the image, the unused ones too; /);
});

test('a file too long for a terminal is cut', () => {
  const [card] = samplePlan.cards;
  assert.ok(card);
  const text = 'line\n'.repeat(500);
  const printed = renderPlan({ ...samplePlan, cards: [{ ...card, files: [{ path: 'long', text }] }] });
  assert.match(printed, /\n {6}line\n {6}\(100 more lines\)\n/);
});

test('no name in a plan harms the terminal', () => {
  fc.assert(
    fc.property(hostilePlan, (plan) => {
      for (const line of `${renderPlan(plan)}${renderQuestion(plan)}`.split('\n')) assertHarmless(line);
    }),
  );
});
