// Who has the ports of DHCP and DNS already, and what can be done about it.

import { type PiburnError, refusal } from '../../errors.js';
import type { BridgeSettings } from '../../protocol.js';
import { isServedByService } from './dnsmasq-home.js';
import type { BridgeFacts, Listener, Wishes } from './types.js';

/**
 * DHCP of IPv4 is port 67 (RFC 2131), DNS port 53; dnsmasq with `bind-dynamic` shares both with sockets of other interfaces.
 * @throws PiburnError (refused) `PORT_TAKEN`.
 */
export function refusePorts(settings: BridgeSettings, { purge = false }: Wishes, facts: BridgeFacts): void {
  for (const listener of facts.listeners) {
    if (isOurs(listener, facts) || !isInTheWay(listener, settings)) continue;
    const isService = isOfService(listener, facts);
    // It is removed before anything else.
    if (isService && purge) continue;
    throw isService ? serviceHasPort(listener, settings, facts) : portTaken(listener, settings);
  }
}

/** The dnsmasq that piburn or a unit of ours starts, or the distribution's with our file. */
export function isOurs({ pid }: Listener, facts: BridgeFacts): boolean {
  const units = isServedByService(facts) ? ['dnsmasq', 'piburn-bridge-dnsmasq'] : ['piburn-bridge-dnsmasq'];
  const own = facts.hasSystemd ? units.map((name) => facts.services[name]) : [];
  // Only root is told who listens.
  if (pid === undefined) return own.some((service) => service?.isActive === true);
  return pid === facts.daemonPid || own.some((service) => service?.pid === pid);
}

/** Of the distribution's dnsmasq.service, or perhaps of it where nobody says whose it is. */
function isOfService({ pid }: Listener, { services }: BridgeFacts): boolean {
  const service = services['dnsmasq'];
  return service?.isActive === true && (pid === undefined || pid === service.pid);
}

function isInTheWay(listener: Listener, settings: BridgeSettings): boolean {
  const isDhcp = listener.port === 67 && listener.protocol === 'udp';
  if (!isDhcp && listener.port !== 53) return false;
  if (listener.interface !== undefined) return listener.interface === settings.private;
  return ['*', settings.ip, settings.ipv6?.address].includes(listener.address);
}

/** To give it our file would change what it serves to others, and for a while forget their leases. */
function serviceHasPort(listener: Listener, settings: BridgeSettings, facts: BridgeFacts): PiburnError {
  const files = facts.dnsmasq.foreignFiles.filter((path) => !path.startsWith('/etc/default/'));
  const where = files[0] ?? 'a file of /etc/dnsmasq.d';
  return portTaken({ ...listener, program: 'dnsmasq.service', ...pidOf(facts) }, settings, [
    'if nothing needs it: `sudo systemctl disable --now dnsmasq`',
    `if something does, write \`bind-interfaces\` and an \`interface=\` line for each interface but ${settings.private} into ${where} and restart it`,
    'or say --purge, which removes it with its settings and starts dnsmasq afresh',
  ]);
}

const pidOf = ({ services }: BridgeFacts): { pid?: number } => {
  const pid = services['dnsmasq']?.pid;
  return pid === undefined ? {} : { pid };
};

function portTaken(listener: Listener, settings: BridgeSettings, ways?: readonly string[]): PiburnError {
  const { program = 'another program', pid, port, address } = listener;
  const who = pid === undefined ? program : `${program} (pid ${pid})`;
  const where = address === '*' ? 'on all addresses' : `on ${address}`;
  const what = port === 67 ? 'DHCP' : 'DNS';
  return refusal(
    'PORT_TAKEN',
    `port ${port} (${what}) is taken ${where} by ${who}, so ${settings.private} cannot have it`,
    {
      hint: ways?.join('; ') ?? portHints[program] ?? `stop ${program}, or have it leave ${settings.private} alone`,
    },
  );
}

const portHints: Readonly<Record<string, string>> = {
  'systemd-resolve': 'set DNSStubListenerExtra= to nothing in /etc/systemd/resolved.conf and restart systemd-resolved',
  dnsmasq: 'stop that dnsmasq, or give it `bind-dynamic` and `interface=` lines that leave the cluster side out',
  named: 'give named `listen-on` with its own addresses only, or stop it',
  unbound: 'give unbound `interface:` lines with its own addresses only, or stop it',
  dhcpd: 'have dhcpd serve its own interfaces only, or stop it',
};
