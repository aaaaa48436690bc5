// What the fault shim has recorded (rule `record`, test/shim/fault.c): every call that changes something, with its data,
// so that the state after any of them, or after a power cut between them, can be made again.

import { existsSync, readFileSync } from 'node:fs';

export interface RecordedCall {
  readonly call: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly data: Buffer;
  readonly path: string;
  /** Of a rename. */
  readonly oldPath?: string;
}

/** All calls of a record, in their order; what a kill has cut off is left out. */
export function readRecord(path: string): RecordedCall[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const calls: RecordedCall[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(0x0a, at);
    if (lineEnd < 0) break;
    const [, call = '', offset, length, data, paths = ''] =
      /^(\w+) (\d+) (\d+) (\d+) (.*)$/s.exec(bytes.toString('utf8', at, lineEnd)) ?? [];
    const end = lineEnd + 1 + Number(data);
    if (!(end <= bytes.length)) break;
    const [first = '', second] = paths.split('\t');
    calls.push({
      call,
      offsetBytes: Number(offset),
      lengthBytes: Number(length),
      data: bytes.subarray(lineEnd + 1, end),
      ...(second === undefined ? { path: first } : { path: second, oldPath: first }),
    });
    at = end;
  }
  return calls;
}
