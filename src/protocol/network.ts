// This machine's own interfaces and addresses, and who else is on its network.

/** What an interface's hardware says of itself; nothing for what has none. */
export interface LinkMedium {
  /** In 10^6 bits a second. */
  readonly speedMbps?: number;
  readonly isWifi?: boolean;
  /** The network that a wifi is in. */
  readonly ssid?: string;
}

export interface OwnInterface extends LinkMedium {
  readonly name: string;
  /** `hardware`, `loopback`, or the kernel's word for a virtual one, such as `bridge`. */
  readonly kind: string;
  readonly mac?: string;
  readonly link: 'up' | 'no-carrier' | 'off';
  /** Whether packets to the internet leave by it. */
  readonly isDefault: boolean;
  readonly addresses: readonly OwnAddress[];
}

export interface OwnAddress {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast?: string;
  readonly gateway?: string;
}

export interface Neighbour {
  readonly address: string;
  readonly name?: string;
  /** `silent`: it does not answer pings, but has told its Ethernet address. */
  readonly status: 'up' | 'silent';
  readonly latencyMs?: number;
  readonly mac?: string;
  /** Of its network card. */
  readonly vendor?: string;
  readonly isRaspberryPi: boolean;
  /** Whether it is this machine. */
  readonly isSelf: boolean;
}
