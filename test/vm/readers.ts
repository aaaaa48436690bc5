// Six card readers behind a USB hub, as QEMU emulates them, and what happens to them: cards are put in and taken out,
// readers are plugged in and unplugged. Card files lie on the host.

import { setTimeout } from 'node:timers/promises';
import type { Qmp } from './qmp.js';

/** What is odd about a card, or about its reader. */
export interface Oddity {
  /** The lock is on. */
  readonly locked?: boolean;
  /** Every request of this kind that meets the sector fails. */
  readonly error?: { readonly on: 'read' | 'write'; readonly sector: number };
  readonly writeBytesPerSecond?: number;
}

export interface Readers {
  /** Plugs a reader with a card in into a port of the hub, from 1. */
  plug(port: number, card: string, oddity?: Oddity): Promise<void>;
  /** The reader leaves the hub, with its card. */
  unplug(port: number): Promise<void>;
  putIn(port: number, card: string, oddity?: Oddity): Promise<void>;
  /** The card leaves the reader, at once and without being asked. */
  takeOut(port: number): Promise<void>;
  /** Waits until so much has been written to what is in a reader, since it was plugged in. */
  untilWritten(port: number, bytes: number): Promise<void>;
}

export async function plugHub(qmp: Qmp): Promise<Readers> {
  await qmp('device_add', { driver: 'usb-hub', id: 'hub', bus: 'usb.0', port: '1', ports: 8 });
  /** The reader in each port. QEMU keeps what has left for a while, so that no name is used again. */
  const readers = new Map<number, string>();
  let count = 0;

  /** Adds the block nodes of a card; returns the uppermost. They stay when the card goes. */
  const addNodes = async (card: string, oddity: Oddity = {}): Promise<string> => {
    let below: string | undefined;
    for (const { group, ...node } of nodesOf(card, oddity)) {
      const name = `node${count++}`;
      if (group !== undefined) await qmp('object-add', { 'qom-type': 'throttle-group', id: name, limits: group });
      const linked = below === undefined ? {} : node.driver === 'blkdebug' ? { image: below } : { file: below };
      const throttle = group === undefined ? {} : { 'throttle-group': name };
      await qmp('blockdev-add', { ...node, ...linked, ...throttle, 'node-name': name });
      below = name;
    }
    return below ?? '';
  };
  /** The SCSI disk that QEMU puts into a reader (hw/usb/dev-storage-classic.c). */
  const diskIn = (port: number): string => {
    const reader = readers.get(port) ?? '';
    return `/machine/peripheral/${reader}/${reader}.0/legacy[0]`;
  };

  return {
    plug: async (port, card, oddity) => {
      const drive = await addNodes(card, oddity);
      const id = `reader${count++}`;
      const place = { bus: 'usb.0', port: `1.${port}`, id, serial: `READER-${port}` };
      const errors = { rerror: 'report', werror: 'report' };
      await qmp('device_add', { driver: 'usb-storage', ...place, drive, removable: true, ...errors });
      readers.set(port, id);
    },
    unplug: async (port) => {
      await qmp('device_del', { id: readers.get(port) });
      readers.delete(port);
    },
    putIn: async (port, card, oddity) => {
      const node = await addNodes(card, oddity);
      await qmp('blockdev-insert-medium', { id: diskIn(port), 'node-name': node });
      await qmp('blockdev-close-tray', { id: diskIn(port) });
    },
    takeOut: async (port) => {
      await qmp('eject', { id: diskIn(port), force: true });
    },
    untilWritten: async (port, bytes) => {
      for (;;) {
        const disks = (await qmp('query-blockstats')) as { qdev?: string; stats: { wr_bytes: number } }[];
        if (disks.some(({ qdev, stats: { wr_bytes } }) => qdev === diskIn(port) && wr_bytes >= bytes)) return;
        await setTimeout(20);
      }
    },
  };
}

interface Node {
  readonly driver: string;
  readonly group?: object;
  readonly [option: string]: unknown;
}

/** Block nodes, each upon the one before (QEMU's QMP reference, BlockdevOptions). */
function nodesOf(card: string, { locked = false, error, writeBytesPerSecond }: Oddity): readonly Node[] {
  const nodes: Node[] = [{ driver: 'file', filename: card, locking: 'off', 'read-only': locked }];
  if (error !== undefined) {
    const rule = { event: 'none', iotype: error.on, sector: error.sector, errno: 5, immediately: true };
    nodes.push({ driver: 'blkdebug', 'inject-error': [rule], 'read-only': locked });
  }
  if (writeBytesPerSecond !== undefined)
    nodes.push({ driver: 'throttle', group: { 'bps-write': writeBytesPerSecond } });
  nodes.push({ driver: 'raw', 'read-only': locked });
  return nodes;
}
