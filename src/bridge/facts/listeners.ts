// Who waits for DNS and DHCP on this machine: `ss` of iproute2.

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
