// The bridge as it is told of: its settings, who has which address, what was reserved, and whether its parts and hosts work.

/** A bridge as it shall be. Addresses without prefix. */
export interface BridgeSettings {
  /** Undefined: DHCP and DNS only, no way to the internet. */
  readonly uplink?: string;
  readonly private: string;
  readonly ip: string;
  readonly prefixLength: number;
  readonly rangeFirst: string;
  readonly rangeLast: string;
  /** Empty: the name servers that this machine uses itself. */
  readonly dns: readonly string[];
  readonly domain: string;
  readonly ipv6?: Ipv6Settings;
}

export interface Ipv6Settings {
  /** The /64 without its length, ending in `::`. */
  readonly prefix: string;
  /** The manager's address: the prefix and 1. */
  readonly address: string;
  readonly mode: 'nat' | 'routed';
}

/** Which host always gets which address. */
export interface Reservation {
  /** Without domain, as it was typed. */
  readonly name: string;
  readonly address: string;
  /** Lower case. With it the reservation is that machine's, whatever it calls itself. */
  readonly mac?: string;
}

/** An address that is lent to a host now. */
export interface DhcpLease {
  /** Undefined: it does not end. */
  readonly untilMs?: number;
  /** Lower case. */
  readonly mac: string;
  readonly address: string;
  /** Without domain. */
  readonly name?: string;
  readonly clientId?: string;
}

/** An address that was lent to a host. */
export interface PastLease {
  /** When the lease was given or last renewed, as of the first look at it. */
  readonly sinceMs: number;
  readonly mac: string;
  readonly address: string;
  readonly name?: string;
  readonly clientId?: string;
}

export interface BridgeHost {
  readonly role: 'manager' | 'worker';
  /** Undefined: a client that told no name. */
  readonly name?: string;
  /** The one that it has now; the reserved one as long as it has none. */
  readonly address: string;
  readonly mac?: string;
  /** The reserved address. */
  readonly reserved?: string;
  /** Undefined: it has no lease. */
  readonly lease?: Pick<DhcpLease, 'address' | 'untilMs'>;
}

/** A host, and whether it is there; undefined: it was not asked. */
export interface SeenHost extends BridgeHost {
  readonly isUp?: boolean;
}

/** What was changed in the reservations. */
export interface ReservationChange {
  /** New ones and different ones; nothing was written when there are none. */
  readonly changed: readonly Reservation[];
  readonly removed: readonly Reservation[];
  /** Hosts that have another address now, and keep it until they renew their lease. */
  readonly moving: readonly MovingHost[];
  /** False: dnsmasq does not run, and reads the reservations when it starts; or it does not serve them (`problem`). */
  readonly isInEffect: boolean;
  /** What dnsmasq, which runs, answers instead. */
  readonly problem?: string;
}

export interface MovingHost {
  readonly name: string;
  readonly address: string;
  readonly lease: DhcpLease;
}

/** Of the bridge's interfaces since they came up; undefined: not to be had. */
export interface BridgeTraffic {
  readonly private?: InterfaceTraffic;
  readonly uplink?: InterfaceTraffic;
}

export interface InterfaceTraffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A part of the bridge, looked at. */
export interface BridgePart {
  readonly part: string;
  /** `unknown`: it could not be looked at, or need not be there; it counts neither way. */
  readonly state: 'up' | 'down' | 'unknown';
  /** What it is, or why it is down. */
  readonly detail: string;
  /** What to try next. */
  readonly hint?: string;
}

/** A host, tried. */
export interface HostTrial {
  readonly host: string;
  readonly isGood: boolean;
  /** What our name server says. */
  readonly address?: string;
  readonly ping: TrialOutcome;
  readonly name: TrialOutcome;
  /** `untried`: ssh did not get in. It counts neither way. */
  readonly internet: TrialOutcome;
}

export interface TrialOutcome {
  readonly state: 'good' | 'failed' | 'untried';
  readonly detail?: string;
  readonly latencyMs?: number;
}
