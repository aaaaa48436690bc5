// Faults of a real hub: USB readers in a virtual machine, in test/vm (`npm run test:vm`), whose tests say which row they are.

import type { FaultRow } from './rows.js';

const row = (vm: string, fault: string, code: string, says: string, card: FaultRow['card']): FaultRow => ({
  fault,
  where: 'hub',
  code,
  says,
  card,
  inject: [vm],
});

export const hubRows: readonly FaultRow[] = [
  row('hub', 'a reader is unplugged while its card is written', 'ENODEV', 'was pulled out', 'blank'),
  row('hub', 'a card is pulled out of its reader while it is written', 'ENODEV', 'was pulled out', 'blank'),
  row('hub', 'the write-protect switch of a card is on', 'READ_ONLY', 'read-only', 'untouched'),
  row('hub', 'a sector gives an error when it is written (blkdebug)', 'EIO', 'pwrite at byte', 'blank'),
  row(
    'hub',
    'a sector gives an error when it is read (blkdebug)',
    'VERIFY_READ',
    'cannot be read back at byte',
    'blank',
  ),
  row('queue', 'a reader is reset while its card is written', 'good', '', 'whole'),
  row('queue', 'a slow card: it is named as slow', 'good', '', 'whole'),
  row('queue', 'two cards with the same UUIDs are in at once', 'good', '', 'whole'),
  row('queue', 'two readers come back under each other’s names', 'good', '', 'whole'),
  row(
    'mapper',
    'a disk forgets what was written (dm-flakey)',
    'VERIFY_MISMATCH',
    'does not hold what was written',
    'blank',
  ),
  row('mapper', 'a disk refuses to flush (dm-flakey)', 'EIO', 'gave EIO', 'unknown'),
  row('mapper', 'a part of a disk is dead (dm error target)', 'EIO', 'gave EIO', 'blank'),
  row('power', 'the machine loses its power in mid-burn; `create --resume` goes on', 'good', '', 'whole'),
];
