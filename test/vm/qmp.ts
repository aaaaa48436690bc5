// QEMU's control channel (docs/interop/qmp-spec): commands and their answers, a line of JSON each. Events are not looked
// at.

import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

export type Arguments = Readonly<Record<string, unknown>>;

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** Rejects with QEMU's own words when it refuses, or is gone. */
export type Qmp = (command: string, args?: Arguments) => Promise<unknown>;

export function openQmp(channel: Duplex): Qmp {
  const waiting = new Map<number, (answer: Answer) => void>();
  let count = 0;
  let isGone = false;
  const gone: Answer = { error: { desc: 'QEMU is gone' } };
  channel.on('error', () => undefined);
  createInterface({ input: channel })
    .on('error', () => undefined) // the same again
    .on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    });
  channel.on('close', () => {
    isGone = true;
    for (const settle of waiting.values()) settle(gone);
  });
  const ask = (command: string, args: Arguments = {}): Promise<unknown> => {
    const id = count++;
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ return: value, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(value);
        else reject(new Error(`${command} ${JSON.stringify(args)}: ${error.desc}`));
      });
      if (isGone) waiting.get(id)?.(gone);
      else channel.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  };
  ask('qmp_capabilities').catch(() => undefined);
  return ask;
}
