// Many DHCP clients in one process: a program for a namespace that holds a wire to the bridge. `dhcp-clients COUNT`: each
// asks with its own MAC address and name (`n001`…), from port 68 with the broadcast flag (RFC 2131), some at a time, and
// asks again when nobody answers. Prints `[{name, mac, address}]`; a client that got nothing has no address.

import { createSocket, type Socket } from 'node:dgram';

const [discover, request, offer, ack, nak] = [1, 3, 2, 5, 6] as const;
const atOnce = 25;
const againMs = 1500;
const allMs = 60_000;
const magic = Buffer.from([99, 130, 83, 99]);

interface Client {
  readonly name: string;
  readonly mac: Buffer;
  readonly id: number;
  offered?: { readonly address: Buffer; readonly server: Buffer };
  address?: string;
  sentAt: number;
}

const count = Number(process.argv[2]);
const clients = Array.from(
  { length: count },
  (_, index): Client => ({
    name: `n${String(index + 1).padStart(3, '0')}`,
    mac: Buffer.from([0x02, 0x50, 0x69, 0, index >> 8, index & 255]),
    id: 0x70690000 + index,
    sentAt: Number.NEGATIVE_INFINITY,
  }),
);

const socket = createSocket('udp4');
await new Promise<void>((resolve) => socket.bind(68, resolve));
socket.setBroadcast(true);
socket.on('message', (message) => take(message, socket));
const startedAt = performance.now();
const timer = setInterval(() => {
  const waiting = clients.filter(({ address }) => address === undefined);
  const now = performance.now();
  if (waiting.length === 0 || now - startedAt > allMs) finish();
  else for (const each of waiting.slice(0, atOnce)) if (now - each.sentAt > againMs) send(each, socket);
}, 10);

function finish(): void {
  clearInterval(timer);
  socket.close();
  const result = clients.map(({ name, mac, address }) => ({ name, mac: mac.toString('hex'), address }));
  process.stdout.write(JSON.stringify(result));
}

function send(client: Client, from: Socket): void {
  client.sentAt = performance.now();
  const header = Buffer.alloc(236);
  header.set([1, 1, 6, 0]);
  header.writeUInt32BE(client.id, 4);
  header.writeUInt16BE(0x8000, 10);
  client.mac.copy(header, 28);
  const { offered, name } = client;
  const options = [
    option(53, Buffer.from([offered === undefined ? discover : request])),
    option(12, Buffer.from(name)),
    ...(offered === undefined ? [] : [option(50, offered.address), option(54, offered.server)]),
    Buffer.from([255]),
  ];
  from.send(Buffer.concat([header, magic, ...options]), 67, '255.255.255.255');
}

const option = (code: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([code, value.length]), value]);

function take(message: Buffer, from: Socket): void {
  const client = clients.find(({ id }) => message.length > 240 && id === message.readUInt32BE(4));
  if (client === undefined || client.address !== undefined || message[0] !== 2) return;
  const options = optionsOf(message.subarray(240));
  const kind = options.get(53)?.[0];
  const address = message.subarray(16, 20);
  if (kind === offer && client.offered === undefined) {
    client.offered = { address: Buffer.from(address), server: options.get(54) ?? Buffer.alloc(4) };
    send(client, from);
  } else if (kind === ack) client.address = [...address].join('.');
  else if (kind === nak) delete client.offered;
}

function optionsOf(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== 255; ) {
    const length = bytes[at] === 0 ? -1 : (bytes[at + 1] ?? 0);
    if (length >= 0) options.set(bytes[at] ?? 0, Buffer.from(bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return options;
}
