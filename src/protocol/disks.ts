// The disks of this machine as `info`, `detect` and `slots` show them.

/** A card reader's slot: the place where a card is put in, whatever the kernel calls the disk at the moment. */
export interface SlotPlace {
  /**
   * Controller, hub ports and LUN, such as `pci-0000:00:14.0-usb3-1.4-lun0`, `platform-fe980000.usb-usb2-1.4-lun0` or
   * `mmc-fe340000.mmc`: the same for as long as the reader stays plugged in where it is.
   */
  readonly port: string;
  /** The number by which people know it: `slot 3`. */
  readonly number: number;
  /** What a person has called it (`piburn slots name`). */
  readonly label?: string;
}

/** Something on a disk. */
export interface DiskPart {
  /** `sda1`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly label: string;
  readonly fileSystem: string;
}

/** Why `create` would not write to a disk. */
export interface DiskVerdict {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** One disk, with the card that is in it. */
export interface DiskRow {
  /** `/dev/sda`. */
  readonly path: string;
  /** Links below /dev/disk that lead to it, by-id first. */
  readonly links: readonly string[];
  readonly slot?: SlotPlace;
  /** A card reader or a stick (`reader`), any other disk (`disk`), or one that the running system needs (`system`). */
  readonly kind: 'reader' | 'disk' | 'system';
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  /** Card identification register of an SD card in an MMC slot, 32 hexadecimal digits. */
  readonly cid?: string;
  /** `usb`, `mmc`, `sata`, `nvme`, `virtio`, … */
  readonly transport: string;
  /** Of a USB device: `480` (USB 2), `5000` (USB 3), … */
  readonly speedMbps?: number;
  /** The hub on which it hangs, and how many other disks hang on the same. */
  readonly hub?: string;
  readonly hubSharedWith?: number;
  /** 0 without a medium. */
  readonly sizeBytes: number;
  /** The kernel's count of media and devices that came and went (Linux 5.15 or newer). */
  readonly diskSequence?: number;
  readonly hasMedium: boolean;
  readonly removable: boolean;
  readonly readOnly: boolean;
  readonly mountpoints: readonly string[];
  /** What is built upon it: names of LVM, LUKS, RAID or multipath devices, a ZFS pool, swap. */
  readonly inUseBy: readonly string[];
  /** `dos`, `gpt` or empty. */
  readonly tableKind: string;
  /** The file system of a disk without partitions, or empty. */
  readonly fileSystem: string;
  readonly parts: readonly DiskPart[];
  /** What piburn knows of the card in it, when piburn burned it and it may be read. */
  readonly card?: DiskCard;
  /** Undefined: `create` would take it. */
  readonly refusal?: DiskVerdict;
}

/** A card that piburn burned. */
export interface DiskCard {
  readonly hostname?: string;
  readonly image?: string;
  /** ISO 8601. */
  readonly burnedAt?: string;
  /** Its identity in the history. */
  readonly cardId?: string;
  /** What the history says against it. */
  readonly warnings?: readonly string[];
}

/** A reader or a card that came or went. */
export interface DiskChange {
  readonly what: 'reader-added' | 'reader-removed' | 'card-in' | 'card-out' | 'card-changed';
  readonly path: string;
  /** ISO 8601. */
  readonly at: string;
  /** As it is now; after a removal, as it was. */
  readonly disk: DiskRow;
}
