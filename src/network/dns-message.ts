// The two DNS messages that finding a name by multicast DNS takes: a question for the name of an address, and its answer.
// Sources: RFC 1035 sections 3.5 and 4 (messages, compression), RFC 6762 section 6.7 (one-shot questions). Anybody on the
// network can send an answer: everything is bounded, and nothing throws.

const typePtr = 12;
const classInternet = 1;
const headerBytes = 12;
const maxNameBytes = 255;
const maxRecords = 64;

/** `2.1.1.10.in-addr.arpa` for 10.1.1.2. */
export const reverseName = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;

/** The question for the name of an IPv4 address. Its number is 0, as usual with multicast (RFC 6762 section 18.1). */
export function encodeQuestion(address: string): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(1, 4);
  const labels = reverseName(address)
    .split('.')
    .map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, typePtr, 0, classInternet])]);
}

/** A name that an answer gives: `owner` is the reverse name that was asked for, in lower case. */
export interface NameAnswer {
  readonly owner: string;
  readonly name: string;
}

/** The names in an answer; none for anything that is no well-formed answer. */
export function parseAnswer(message: Buffer): NameAnswer[] {
  if (message.length < headerBytes) return [];
  const flags = message.readUInt16BE(2);
  // QR set, OPCODE and RCODE zero (RFC 6762 sections 18.2, 18.3, 18.11).
  if ((flags & 0xf80f) !== 0x8000) return [];
  const questions = message.readUInt16BE(4);
  const records = message.readUInt16BE(6);
  if (questions > maxRecords || records > maxRecords) return [];
  let at: number | undefined = headerBytes;
  for (let index = 0; index < questions && at !== undefined; index += 1) at = afterQuestion(message, at);
  const answers: NameAnswer[] = [];
  for (let index = 0; index < records && at !== undefined; index += 1) at = readRecord(message, at, answers);
  return answers;
}

function afterQuestion(message: Buffer, at: number): number | undefined {
  const name = readName(message, at);
  return name === undefined ? undefined : name.end + 4;
}

/** Where the next record begins; undefined where this one is cut off or wrong. */
function readRecord(message: Buffer, at: number, answers: NameAnswer[]): number | undefined {
  const owner = readName(message, at);
  if (owner === undefined || owner.end + 10 > message.length) return undefined;
  const type = message.readUInt16BE(owner.end);
  // The top bit of the class tells caches to flush (RFC 6762 section 10.2).
  const recordClass = message.readUInt16BE(owner.end + 2) & 0x7fff;
  const dataStart = owner.end + 10;
  const dataEnd = dataStart + message.readUInt16BE(owner.end + 8);
  if (dataEnd > message.length) return undefined;
  if (type === typePtr && recordClass === classInternet) {
    const name = readName(message, dataStart);
    if (name !== undefined && name.end === dataEnd && name.text !== '') {
      answers.push({ owner: owner.text.toLowerCase(), name: name.text });
    }
  }
  return dataEnd;
}

/** A name and where it ends. A pointer leads backwards only, so that no message can make a circle of them. */
function readName(message: Buffer, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let [at, end, lengthBytes, lowest] = [start, -1, 0, start];
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { text: labels.join('.'), end: end < 0 ? at + 1 : end };
    if (length >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) return undefined;
      if (end < 0) end = at + 2;
      at = (length & 0x3f) * 256 + low;
      if (at >= lowest || at < headerBytes) return undefined;
      lowest = at;
      continue;
    }
    lengthBytes += length + 1;
    if (length > 63 || lengthBytes > maxNameBytes || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
}
