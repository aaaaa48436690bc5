// The words of the bridge: what is wished, what the machine is, what shall be done and how it is undone. Plain data, so
// that a plan can be shown, kept in the state file and compared.

import type { BridgeSettings } from '../../protocol.js';

/** What a person asked for, as typed; what was left out comes from the bridge that is there, then from defaults. */
export interface Wishes {
  /** The interface towards the internet, or `none`. */
  readonly interface?: string;
  /** The interface towards the cluster. */
  readonly private?: string;
  readonly ip?: string;
  /** `A-B`, both included. */
  readonly range?: string;
  readonly prefix?: string;
  /** Name servers to forward to. */
  readonly dns?: readonly string[];
  readonly domain?: string;
  /** `nat`, `routed`, a prefix such as `fd12:3456:789a::/64`, or a prefix and `,routed`; false: without IPv6. */
  readonly ipv6?: string | false;
  readonly purge?: boolean;
  /** Default: refuse. */
  readonly onSession?: OnSession;
}

/** What becomes of a change that would cut off an SSH session. `warn`: it is only looked at, and would be refused. */
export type OnSession = 'refuse' | 'warn' | 'allow';

export interface InterfaceAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
}

export interface InterfaceFacts {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
  /** Administratively up. */
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  readonly isWireless: boolean;
}

/** A socket that waits for DHCP or DNS. */
export interface Listener {
  readonly protocol: 'udp' | 'tcp';
  /** `*` for every address of its family. */
  readonly address: string;
  readonly interface?: string;
  readonly port: number;
  readonly program?: string;
  readonly pid?: number;
}

export interface ServiceFacts {
  readonly exists: boolean;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  readonly pid?: number;
}

/** An `iface` line of ifupdown (interfaces(5)). */
export interface Stanza {
  readonly interface: string;
  readonly file: string;
}

/** dnsmasq as it is set up without us. */
export interface DnsmasqFacts {
  /** The distribution's service reads /etc/dnsmasq.d. */
  readonly readsFolder: boolean;
  /** Options are set in these files, which are not ours. */
  readonly foreignFiles: readonly string[];
  readonly bindMode?: 'bind-interfaces' | 'bind-dynamic';
}

/** What this machine is, as far as a bridge cares. */
export interface BridgeFacts {
  readonly hostname: string;
  /** 40 bits as 10 hexadecimal digits, the same at every call: the Global ID of RFC 4193. */
  readonly ulaGlobalId: string;
  readonly interfaces: readonly InterfaceFacts[];
  /** The interface of the IPv4 default route with the best metric. */
  readonly defaultRoute?: string;
  readonly hasIpv6DefaultRoute: boolean;
  /** IPv4 routes other than default ones. */
  readonly routes: readonly { readonly destination: string; readonly interface: string }[];
  /** What NetworkManager manages, and the connection that is active there; undefined when it does not run. */
  readonly networkManager?: Readonly<Record<string, { readonly connection?: string }>>;
  readonly isNetworkdActive: boolean;
  readonly isDhcpcdActive: boolean;
  readonly ifupdown?: { readonly stanzas: readonly Stanza[]; readonly readsFolder: boolean };
  readonly hasSystemd: boolean;
  /** Programs of ours that are installed, with their path. */
  readonly programs: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, ServiceFacts>>;
  readonly listeners: readonly Listener[];
  readonly dnsmasq: DnsmasqFacts;
  /** Packages that cannot stay when dnsmasq is purged; undefined: not asked for. */
  readonly removedWithDnsmasq?: readonly string[];
  /** The file with this machine's name servers, loopback stubs left out where the real ones are known. */
  readonly resolvers: { readonly file: string; readonly servers: readonly string[] };
  /** Addresses of this machine at which SSH sessions come in. */
  readonly sshAddresses: readonly string[];
  /** The files that a plan may touch: text (one character a byte) and mode; absent ones are missing. */
  readonly files: Readonly<Record<string, { readonly text: string; readonly mode: number }>>;
  readonly sysctl: Readonly<Record<string, string>>;
  /** nft's table of ours is loaded. */
  readonly hasTable: boolean;
  /** Another table of nftables has rules for what is forwarded. */
  readonly hasForeignForward: boolean;
  /** The dnsmasq that piburn itself started. */
  readonly daemonPid?: number;
  /** What starts that one again. */
  readonly keeperPid?: number;
  readonly state?: BridgeState;
}

/** A program and its arguments; never a shell string. */
export interface Command {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly timeoutMs?: number;
  /** No error, only a remark: it comes right by itself later, or was so already. */
  readonly mayFail?: boolean;
}

interface StepBase {
  /** The same for the same thing in every plan. */
  readonly id: string;
  /** What it does, as a sentence without its end. */
  readonly sentence: string;
}

export interface FileStep extends StepBase {
  readonly kind: 'file';
  readonly path: string;
  /** One character a byte. For `part: 'block'` the whole file with our block in it. */
  readonly text: string;
  readonly mode: number;
  /** `block`: a marked block in somebody else's file. `seed`: made when it is absent, and left alone otherwise. */
  readonly part: 'whole' | 'block' | 'seed';
  /** Judges a copy before it is put in place; `{}` stands for the path of the copy. */
  readonly check?: readonly string[];
}

export interface CommandStep extends StepBase {
  readonly kind: 'command';
  /** May be empty: there is something to undo only. */
  readonly do: readonly Command[];
  readonly undo: readonly Command[];
  /** Files whose change asks for doing it again. */
  readonly after?: readonly string[];
  /** What no undo takes back, and what to type then. */
  readonly leaves?: { readonly what: string; readonly next?: string };
  /** An undo that fails is no more than a remark. */
  readonly lenientUndo?: boolean;
}

export interface AddressStep extends StepBase {
  readonly kind: 'address';
  readonly interface: string;
  /** With prefix length. */
  readonly address: string;
}

export interface SysctlStep extends StepBase {
  readonly kind: 'sysctl';
  /** Below /proc/sys, with slashes. */
  readonly key: string;
  readonly value: string;
}

/** dnsmasq started by piburn itself, where there is no systemd. */
export interface DaemonStep extends StepBase {
  readonly kind: 'daemon';
  readonly argv: readonly string[];
  /** Files whose change asks for another start. */
  readonly after: readonly string[];
}

export type Step = FileStep | CommandStep | AddressStep | SysctlStep | DaemonStep;

export interface PlannedStep {
  readonly step: Step;
  /** False: it is so already. */
  readonly needed: boolean;
}

export interface BridgePlan {
  readonly settings: BridgeSettings;
  /** In this order; those of the state that are not among them any more are undone first. */
  readonly steps: readonly PlannedStep[];
  readonly obsolete: readonly Entry[];
  readonly warnings: readonly string[];
}

export interface DeletePlan {
  /** Undone from the last to the first. */
  readonly entries: readonly Entry[];
  readonly warnings: readonly string[];
}

/** A file before it was touched. */
export interface FileBefore {
  readonly base64: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A step that was begun, and what was there before. */
export interface Entry {
  readonly step: Step;
  /** False: a power cut may have come between. */
  readonly isDone: boolean;
  /** Of a file step; undefined: there was none. */
  readonly file?: FileBefore;
  /** Directories made for the file, the outermost first. */
  readonly directories?: readonly string[];
  /** Of a sysctl step. */
  readonly value?: string;
}

/** The state file: written before each step, so that whatever happens there is a way back. */
export interface BridgeState {
  readonly version: 1;
  readonly phase: 'making' | 'made' | 'removing';
  readonly settings: BridgeSettings;
  readonly entries: readonly Entry[];
}

/** A kernel setting below /proc/sys → who needs it to be 1, in words; none: nobody. */
export type ForwardNeeds = Readonly<Record<string, readonly string[]>>;
