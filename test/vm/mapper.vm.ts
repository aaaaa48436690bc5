// Disks with a place that fails, as the kernel's device mapper makes them: dm-flakey loses what is written, or will not
// flush; the error target is dead to reads and writes. (Debian 12's kernel has no dm-dust.) piburn refuses device-mapper
// nodes, so that the kernel's own SCSI target makes disks of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../e2e/support.js';
import { differences, firstBytes } from '../shim/card-files.js';
import { prepare, terms, usedSector } from './bench.js';
import { startBurning, summaryOf, verdictOf } from './burning.js';

const partBytes = 112 * MiB;
const parts = ['sound', 'loses', 'never flushes', 'dead'] as const;

/**
 * Makes parts of /dev/vdb, of SECTORS each, device-mapper nodes with 8 sectors at BAD that are not as they should be
 * (Documentation/admin-guide/device-mapper), and a SCSI disk of each (Documentation/target). Prints their names.
 */
const makeDisks = `
  set -e
  group=/sys/kernel/config/target/loopback/naa.5000000000000001/tpgt_1
  mkdir -p "$group"
  echo naa.5000000000000002 >"$group/nexus"
  add() {
    first=$(($1 * SECTORS))
    behind=$((BAD + 8))
    printf '%s\\n' "0 $BAD linear /dev/vdb $first" "$BAD 8 $3" \\
      "$behind $((SECTORS - behind)) linear /dev/vdb $((first + behind))" |
      sed "s|HERE|/dev/vdb $((first + BAD))|" | dmsetup create "$2"
    core=/sys/kernel/config/target/core/iblock_0/$2
    mkdir -p "$core"
    echo "udev_path=/dev/mapper/$2" >"$core/control"
    echo 1 >"$core/enable"
    mkdir "$group/lun/lun_$1"
    ln -s "$core" "$group/lun/lun_$1/port"
  }
  add 0 sound 'linear HERE'
  add 1 loses 'flakey HERE 0 1 1 drop_writes'
  add 2 neverflushes 'flakey HERE 0 1 1 error_writes'
  add 3 dead error
  udevadm settle
  cd /sys/devices/*/tcm_loop_adapter_0/host*/target*
  for lun in 0 1 2 3; do echo "/dev/$(ls *:"$lun"/block)"; done`;

test('disks that lose writes, do not flush, or are dead in one place are found out', terms, async (t) => {
  const bench = await prepare(t);
  const { vm } = await bench.start([]);
  const bad = usedSector(bench, bench.layout.root.offsetBytes + 5 * MiB);
  const made = await vm.run(['sh', '-c', makeDisks], { SECTORS: `${partBytes / 512}`, BAD: `${bad}` });
  assert.equal(made.code, 0, made.stderr);
  const disks = made.stdout.trimEnd().split('\n');

  for (const [target, reason] of [
    ['/dev/mapper/sound', /\/dev\/mapper\/sound \(\/dev\/dm-0\) is built upon other devices/],
    [disks[0] ?? '', /is a built-in disk on scsi/],
  ] as const) {
    const refused = await startBurning(vm, ['burn', bench.image, target]).ended;
    assert.equal(refused.code, 3, refused.text);
    assert.match(refused.text, reason);
  }

  const ended = await startBurning(vm, ['burn', bench.image, disks.join(','), '--allow-fixed']).ended;
  assert.equal(ended.code, 1, ended.text);
  const { cards } = summaryOf(ended);
  assert.deepEqual(
    cards.map((card, index) => [parts[index], card.device, verdictOf(card)]),
    [
      ['sound', disks[0], 'good yes'],
      ['loses', disks[1], 'failed no VERIFY_MISMATCH'],
      ['never flushes', disks[2], 'failed unknown EIO'],
      ['dead', disks[3], 'failed no EIO'],
    ],
    ended.text,
  );
  assert.deepEqual(differences(vm.spare, bench.raw), []);
  assert.match(cards[2]?.failure?.message ?? '', /fdatasync gave EIO/);
  for (const index of [1, 3]) {
    const { offsetBytes = 0, lengthBytes = 0 } = cards[index]?.failure ?? {};
    const isIn = offsetBytes <= bad * 512 && bad * 512 < offsetBytes + lengthBytes;
    assert.ok(isIn, `sector ${bad} of ${parts[index]} lies in the ${lengthBytes} bytes at ${offsetBytes}`);
    assert.ok(firstBytes(vm.spare, MiB, index * partBytes).every((byte) => byte === 0));
  }
});
