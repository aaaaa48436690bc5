// Runs inside the virtual machine: does what the host asks for through a port, one line of JSON for each word.

import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Request, Word } from './agent-words.js';

/** A port may be opened once only. */
const port = openSync(portPath(), 'r+');
const running = new Map<number, ChildProcess>();

say({ kind: 'ready' });
for await (const line of createInterface({ input: createReadStream('', { fd: port }) })) answer(JSON.parse(line));

function portPath(): string {
  const folder = '/sys/class/virtio-ports';
  const name = readdirSync(folder).find((each) => readFileSync(`${folder}/${each}/name`, 'utf8').trim() === 'agent');
  return `/dev/${name}`;
}

function say(word: Word): void {
  const bytes = Buffer.from(`${JSON.stringify(word)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(port, bytes, at);
}

function answer(request: Request): void {
  if (request.kind === 'signal') {
    running.get(request.id)?.kill(request.signal);
    return;
  }
  const { id, argv, env } = request;
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    cwd: '/run/disk',
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.set(id, child);
  child.stdout.setEncoding('utf8').on('data', (text: string) => say({ kind: 'stdout', id, text }));
  child.stderr.setEncoding('utf8').on('data', (text: string) => say({ kind: 'stderr', id, text }));
  child.on('error', (error) => say({ kind: 'stderr', id, text: `${error.message}\n` }));
  child.on('close', (code) => {
    running.delete(id);
    say({ kind: 'end', id, code });
  });
}
