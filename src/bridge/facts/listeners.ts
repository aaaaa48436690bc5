// Who waits for DNS and DHCP on this machine, and where SSH sessions come in: `ss` of iproute2.

import { given } from '../../given.js';
import type { Listener } from '../plan/types.js';
import type { BridgeSource } from '../source.js';

const ports = new Set([53, 67]);

export async function readListeners(source: BridgeSource): Promise<readonly Listener[]> {
  const text = (await source.output('ss', ['-H', '-lunpt'])) ?? '';
  return text.split('\n').flatMap(toListener);
}

/** `udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=615,fd=18))` */
function toListener(line: string): Listener[] {
  const [protocol, , , , local = '', , ...rest] = line.trim().split(/\s+/);
  const [, place = '', portText = ''] = /^(.*):(\d+)$/.exec(local) ?? [];
  const port = Number(portText);
  if ((protocol !== 'udp' && protocol !== 'tcp') || !ports.has(port)) return [];
  const [addressText = '', name] = place.split('%');
  const address = addressText.replace(/^\[|\]$/g, '');
  const [, program, pid] = /\("([^"]+)",pid=(\d+)/.exec(rest.join(' ')) ?? [];
  return [
    {
      protocol,
      port,
      address: ['0.0.0.0', '::', '*'].includes(address) ? '*' : address,
      ...given({ interface: name, program, pid: pid === undefined ? undefined : Number(pid) }),
    },
  ];
}

/**
 * Own addresses of SSH sessions: that of the environment (`CLIENT CLIENTPORT SERVER SERVERPORT`, sshd(8)), which sudo takes
 * away, and those of port 22.
 */
export async function readSshAddresses(source: BridgeSource, connection: string | undefined): Promise<string[]> {
  const text = (await source.output('ss', ['-H', '-tn', 'state', 'established', 'sport', '=', ':22'])) ?? '';
  const seen = text.split('\n').flatMap((line) => {
    // Without the column of the state, as `state` has it: RECV-Q SEND-Q LOCAL PEER.
    const local = line.trim().split(/\s+/)[2] ?? '';
    const address = local
      .replace(/:22$/, '')
      .replace(/%.*$/, '')
      .replace(/^\[(::ffff:)?|\]$/g, '');
    return address === '' ? [] : [address];
  });
  const own = connection?.split(' ')[2];
  return [...new Set(own === undefined ? seen : [own, ...seen])];
}
