// More nodes than readers, while the hub does what hubs do: a slow card, a reader that is reset in mid-write, clones
// side by side, a card that is swapped, and readers that come back under each other's names.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../e2e/support.js';
import { checkCard, layOldImage, prepare, terms } from './bench.js';
import { isCardEnd, startBurning, summaryOf, verdictOf } from './burning.js';

/** USBDEVFS_RESET (linux/usbdevice_fs.h) for the reader in port 2. */
const resetReader = `
  cd -P /sys/bus/usb/devices/*-1.2 || exit
  node=$(printf '/dev/bus/usb/%03d/%03d' "$(cat busnum)" "$(cat devnum)")
  perl -e 'open(my $device, "+<", $ARGV[0]) or die $!; ioctl($device, 0x5514, 0) or die $!' "$node" || exit
  dmesg | grep -c 'usb [0-9]*-1.2: reset'`;

const diskInPort4 = 'until [ -e /sys/bus/usb/devices/*-1.4/*:1.0/host*/target*/*/block/sd* ]; do sleep 0.1; done';
const uuids =
  'blkid --probe --output value --match-tag UUID /dev/sdc2; blkid --probe --output value --match-tag UUID /dev/sdd2';

test('a queue goes on through a reset, a swap, and readers that change their names', terms, async (t) => {
  const bench = await prepare(t);
  for (const name of ['clone', 'its twin']) layOldImage(bench, bench.card(name));
  const { vm, readers } = await bench.start([
    { name: 'slow', writeBytesPerSecond: 600_000 },
    { name: 'reset' },
    { name: 'clone' },
    { name: 'its twin' },
  ]);
  const [one, other] = (await vm.run(['sh', '-c', uuids])).stdout.split('\n');
  assert.ok(one !== undefined && one !== '' && one === other, 'two file systems with the same UUID');
  const order = ['--device=/dev/sd[a-d]', '--hostname=red[1-7]', '--ipaddr=10.1.1.[2-8]', '--auto'];
  const run = startBurning(vm, ['create', `--image=${bench.image}`, ...order]);
  const isDone = (host: string) => run.until(`${host} is done`, isCardEnd(host));
  const resetting = readers.untilWritten(2, 6 * MiB).then(() => vm.run(['sh', '-c', resetReader]));
  const swapping = isDone('red2').then(async () => {
    await readers.takeOut(2);
    await readers.putIn(2, bench.card('swapped in'));
  });
  const renaming = Promise.all([isDone('red3'), isDone('red4')]).then(async () => {
    await readers.unplug(3);
    await readers.unplug(4);
    // The first one to come takes the first name that is free.
    await readers.plug(4, bench.card('now sdc'));
    await vm.run(['sh', '-c', diskInPort4]);
    await readers.plug(3, bench.card('now sdd'));
  });
  const [ended, reset] = await Promise.all([run.ended, resetting, swapping, renaming]);

  assert.equal(ended.code, 0, ended.text);
  assert.deepEqual([reset.code, reset.stdout], [0, '1\n'], reset.stderr);
  const summary = summaryOf(ended);
  assert.deepEqual(
    summary.cards.map(({ slot, round, device }) => `slot ${slot} card ${round + 1} ${device}`).sort(),
    [
      'slot 1 card 1 /dev/sda',
      'slot 2 card 1 /dev/sdb',
      'slot 2 card 2 /dev/sdb',
      'slot 3 card 1 /dev/sdc',
      'slot 3 card 2 /dev/sdd',
      'slot 4 card 1 /dev/sdd',
      'slot 4 card 2 /dev/sdc',
    ],
    ended.text,
  );
  assert.deepEqual([summary.good, summary.retried.map(verdictOf)], [7, []], ended.text);
  assert.ok(
    ended.events.some((event) => event.type === 'slow' && event.slot === 1),
    'the slow card is named',
  );
  const files = [['slow'], ['reset', 'swapped in'], ['clone', 'now sdd'], ['its twin', 'now sdc']];
  for (const { slot, round, hostname = '' } of summary.cards)
    checkCard(t, bench, bench.card(files[slot - 1]?.[round] ?? ''), summary, hostname);
});
