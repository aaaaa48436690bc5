// Asks the hosts themselves for their names: one multicast DNS question for each address (RFC 6762), which a Pi answers
// as it comes out of the box. Answers come back to a port of our own, so no daemon is needed and none is disturbed.

import { createSocket, type Socket } from 'node:dgram';
import { encodeQuestion, parseAnswer, reverseName } from './dns-message.js';

export interface MulticastOptions {
  /** The own address by whose interface the questions leave. */
  readonly from?: string;
  readonly timeoutMs: number;
  /** Whom to ask: the group of multicast DNS, or somebody else in a test. */
  readonly to?: { readonly address: string; readonly port: number };
}

const group = { address: '224.0.0.251', port: 5353 };
/** So many questions at once can be too many for a small receive buffer. */
const questionsAtOnce = 32;
const pauseMs = 5;

/** Address → name, such as `red001.local`, for those that answered in time. Never rejects. */
export function askMulticast(addresses: readonly string[], options: MulticastOptions): Promise<Map<string, string>> {
  const wanted = new Map(addresses.map((address) => [reverseName(address), address]));
  const names = new Map<string, string>();
  if (wanted.size === 0) return Promise.resolve(names);
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = () => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(names);
    };
    const timer = setTimeout(finish, options.timeoutMs);
    // No network for multicast, say: then there are no names.
    socket.once('error', finish);
    socket.on('message', (message) => {
      for (const { owner, name } of parseAnswer(message)) {
        const address = wanted.get(owner);
        if (address !== undefined && !names.has(address)) names.set(address, name);
      }
      if (names.size === wanted.size) finish();
    });
    socket.bind(0, options.from, () => {
      void sendAll(socket, addresses, options);
    });
  });
}

async function sendAll(socket: Socket, addresses: readonly string[], { from, to = group }: MulticastOptions) {
  try {
    if (from !== undefined) socket.setMulticastInterface(from);
    for (const [index, address] of addresses.entries()) {
      if (index > 0 && index % questionsAtOnce === 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      // A question that could not leave has no answer, and the others may still.
      socket.send(encodeQuestion(address), to.port, to.address, () => undefined);
    }
  } catch {
    // The socket was closed, because the time is over or all have answered.
  }
}
