// Where SSH sessions come in: SSH_CONNECTION of our environment, that of the processes which called us (sudo takes it out of
// ours), and the connections of sshd, on whatever port it listens.

import type { BridgeSource } from '../source.js';

/** Own addresses of SSH sessions, without zones. */
export async function readSshAddresses(source: BridgeSource, connection: string | undefined): Promise<string[]> {
  const text = (await source.output('ss', ['-H', '-tanp'])) ?? '';
  const told = [connection, ...callersConnections(source)].flatMap((each) => each?.split(' ')[2] ?? []);
  return [...new Set([...told.map(plainAddress), ...sshdAddresses(text)])].filter((address) => address !== '');
}

const maxCallers = 64;

/** `SSH_CONNECTION=CLIENT CLIENTPORT SERVER SERVERPORT` (sshd(8)) of our callers; only root may look into sudo's. */
function callersConnections(source: BridgeSource): string[] {
  const found: string[] = [];
  let pid = parentOf('self', source);
  for (let count = 0; count < maxCallers && pid > 1; count += 1) {
    const words = source.file(`/proc/${pid}/environ`)?.text.split('\0') ?? [];
    found.push(...words.filter((word) => word.startsWith('SSH_CONNECTION=')).map((word) => word.slice(15)));
    pid = parentOf(String(pid), source);
  }
  return found;
}

/** proc(5), /proc/PID/status; 0: there is none. */
const parentOf = (pid: string, source: BridgeSource): number =>
  Number(/^PPid:\s*(\d+)$/m.exec(source.file(`/proc/${pid}/status`)?.text ?? '')?.[1] ?? 0);

/**
 * `ESTAB 0 0 10.0.0.1:22 10.0.0.9:50000 users:(("sshd",pid=7,fd=4))`. A connection that sshd makes for a tunnel comes from a
 * port on which nobody listens. Without root no program is named, and port 22 has to do.
 */
function sshdAddresses(text: string): string[] {
  const sockets = text.split('\n').map((line) => {
    const [state = '', , , local = '', , ...users] = line.trim().split(/\s+/);
    const [, place = '', port = ''] = /^(.*):(\d+)$/.exec(local) ?? [];
    return { state, place, port, isSshd: /\("(sshd|dropbear)/.test(users.join(' ')) };
  });
  const listening = new Set(sockets.filter(({ state }) => state === 'LISTEN').map(({ port }) => port));
  return sockets
    .filter(({ state, port, isSshd }) => state === 'ESTAB' && (port === '22' || (isSshd && listening.has(port))))
    .map(({ place }) => plainAddress(place));
}

/** `[::ffff:10.0.0.1]`, `[fe80::1]%eth0`, `fe80::1%eth0` → the address alone. */
const plainAddress = (text: string): string =>
  text
    .replace(/%[^\]]*/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
