// A Pi to be, and what makes an image this Pi's.

/** A static IPv4 address with its prefix length, such as 10.1.1.2/24. */
export interface Ipv4Address {
  readonly address: string;
  readonly prefixLength: number;
}

/** A static IPv6 address with its prefix length, such as fd00::2/64. */
export interface Ipv6Address {
  readonly address: string;
  readonly prefixLength: number;
}

/** A wireless network to join. */
export interface NodeWifi {
  /** 1 to 32 bytes of UTF-8. */
  readonly ssid: string;
  /** The WPA2 pre-shared key, 64 hexadecimal digits; undefined: an open network. */
  readonly psk?: string;
  readonly hidden: boolean;
}

/** A line for a node's /etc/hosts. */
export interface HostEntry {
  readonly address: string;
  readonly names: readonly string[];
}

/** A file that goes onto the boot partition as it is; `path` is relative to its root. */
export interface ExtraFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One Pi to be. Whatever is undefined (or empty) is left as the image has it. */
export interface Node {
  readonly hostname: string;
  /** The network interface that gets the static addresses and name servers; undefined: `eth0`. */
  readonly interface?: string;
  readonly ipv4?: Ipv4Address;
  readonly gateway?: string;
  readonly ipv6?: Ipv6Address;
  readonly gateway6?: string;
  /** Name servers, IPv4 or IPv6. */
  readonly dns: readonly string[];
  /** Search domains. */
  readonly search?: readonly string[];
  readonly user?: NodeUser;
  readonly wifi?: NodeWifi;
  /** ISO 3166, two capital letters: the country whose radio rules apply. */
  readonly country?: string;
  /** Such as `en_GB.UTF-8`. */
  readonly locale?: string;
  /** Such as `Europe/London`. */
  readonly timezone?: string;
  /** An XKB layout, such as `gb`, perhaps with a variant: `de(nodeadkeys)`. */
  readonly keymap?: string;
  /** Hosts of the cluster, this node included. */
  readonly hosts?: readonly HostEntry[];
  readonly files?: readonly ExtraFile[];
  /** A script that runs once as root, after everything else. */
  readonly firstboot?: string;
}

/** The user of a node: able to log in by key, by password, or both; never by neither. */
export interface NodeUser {
  readonly name: string;
  /** A crypt(3) hash, `$6$…`; undefined locks the password. */
  readonly passwordHash?: string;
  /** Lines of authorized_keys. */
  readonly authorizedKeys: readonly string[];
}

/** How an image takes its settings; `none`: it takes none. */
export type Flavour = 'cloudinit' | 'ubuntu' | 'firstrun' | 'legacy' | 'none';

/** Some bytes of the image replaced for one node. Blocks of one patch are ascending and do not overlap. */
export interface PatchBlock {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/** How far an image has come: `whole` means decoded, checked and kept. */
export type ImageState = 'reading' | 'whole' | 'broken';
