// A virtual machine in QEMU that runs what it is told: its root is this machine's own, read-only, its disk a file, and an
// agent in it runs commands. It ends with the test, and with this process in any case.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Accelerator, accelerator } from '../boot/accelerator.js';
import { undo } from '../native/scratch.js';
import type { Environment, Request, Word } from './agent-words.js';
import { makeInitramfs } from './initramfs.js';
import { debianKernel } from './kernel.js';
import { openQmp, type Qmp } from './qmp.js';

/** How a command in the machine ended; `code` is null when a signal, or the end of the machine, has ended it. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ran>;
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
}

export interface Vm {
  readonly qmp: Qmp;
  /** A file that is /dev/vdb in the machine, blank at first. */
  readonly spare: string;
  start(argv: readonly string[], env?: Environment): Running;
  run(argv: readonly string[], env?: Environment): Promise<Ran>;
  /** From one moment to the next: what the machine had in memory only is lost. */
  cutPower(): Promise<void>;
}

export interface VmOptions {
  /** The caller's, for what is made on the way; the machine's disk stays in it. */
  readonly folder: string;
  /** Called before the machine has started, so that it finds what is plugged in. */
  readonly plugIn?: (qmp: Qmp) => Promise<void>;
}

const agentPath = fileURLToPath(new URL('./agent.js', import.meta.url));
const diskBytes = 1024 ** 3;
/** Emulated on a busy machine it may take a minute. */
const bootMs = 5 * 60_000;

/** Starts it and waits for its agent. A disk that is there already is used as it is. */
export async function startVm(t: TestContext, { folder, plugIn }: VmOptions): Promise<Vm> {
  const kernel = debianKernel();
  const initramfs = join(folder, 'initramfs.cpio');
  if (!existsSync(initramfs)) makeInitramfs(kernel, folder);
  const [disk, spare] = [join(folder, 'disk.img'), join(folder, 'spare.img')];
  if (!existsSync(disk)) makeDisks(disk, spare);
  const log = join(folder, 'console.log');
  writeFileSync(log, '');
  const qemu = startQemu(kernel.path, initramfs, [disk, spare], log, await accelerator(kernel.path));
  undo(t, () => qemu.kill('SIGKILL'));
  const [, , errors, control, agentPort] = qemu.stdio;
  let complaints = '';
  (errors as Duplex)
    .on('error', () => undefined)
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-65536)));
  const isOver = once(qemu, 'close');
  const qmp = openQmp(control as Duplex);
  const agent = talkTo(agentPort as Duplex);
  const tooLate = setTimeout(() => qemu.kill('SIGKILL'), bootMs);
  try {
    await plugIn?.(qmp);
    await qmp('cont');
    await Promise.race([agent.ready, isOver.then(() => Promise.reject(new Error('it has ended')))]);
  } catch (error) {
    qemu.kill('SIGKILL');
    await isOver;
    throw new Error(`The machine did not start: ${error}. ${complaints}\n${readFileSync(log, 'utf8').slice(-4096)}`);
  } finally {
    clearTimeout(tooLate);
  }
  return {
    qmp,
    spare,
    start: agent.start,
    run: (argv, env) => agent.start(argv, env).ended,
    cutPower: async () => {
      qemu.kill('SIGKILL');
      await isOver;
    },
  };
}

function makeDisks(...paths: readonly [string, string]): void {
  for (const path of paths) {
    writeFileSync(path, '');
    truncateSync(path, diskBytes);
  }
  execFileSync('mke2fs', ['-q', '-t', 'ext4', paths[0]], { stdio: 'pipe' });
}

function startQemu(
  kernel: string,
  initramfs: string,
  disks: readonly string[],
  log: string,
  accel: Accelerator,
): ChildProcess {
  const own = `agent=${agentPath} node=${process.execPath}`;
  const words = `console=ttyS0 quiet panic=-1 mitigations=off usb-storage.delay_use=0 ${own}`;
  // setpriv: however this process ends, the machine does not outlive it.
  const args = [
    ...['--pdeathsig', 'KILL', 'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-machine', 'pc,usb=off', '-accel', accel, '-cpu', 'max', '-smp', '2', '-m', '1536', '-no-reboot'],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', words, '-serial', `file:${log}`],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci', '-device', 'qemu-xhci,id=usb,p2=8,p3=8'],
    ...['-chardev', 'socket,id=control,fd=3', '-mon', 'chardev=control,mode=control'],
    ...['-chardev', 'socket,id=agent,fd=4', '-device', 'virtserialport,chardev=agent,name=agent'],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ...disks.flatMap((file) => ['-drive', `if=virtio,format=raw,file=${file}`]),
  ];
  return spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
}

interface Agent {
  readonly ready: Promise<void>;
  start(argv: readonly string[], env?: Environment): Running;
}

interface Output extends Ran {
  stdout: string;
  stderr: string;
}

function talkTo(port: Duplex): Agent {
  const outputs = new Map<number, { readonly output: Output; end(code: number | null): void }>();
  let setReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (setReady = resolve));
  let count = 0;
  let isOver = false;
  const say = (request: Request): void => void port.write(`${JSON.stringify(request)}\n`);
  port.on('error', () => undefined);
  createInterface({ input: port })
    .on('error', () => undefined) // the same again
    .on('line', (line) => {
      const word = JSON.parse(line) as Word;
      if (word.kind === 'ready') return setReady();
      const known = outputs.get(word.id);
      if (word.kind === 'end') known?.end(word.code);
      else if (known !== undefined) known.output[word.kind] += word.text;
    });
  port.on('close', () => {
    isOver = true;
    for (const { end } of outputs.values()) end(null);
  });
  const start = (argv: readonly string[], env: Environment = {}): Running => {
    const id = count++;
    const output: Output = { code: null, stdout: '', stderr: '' };
    const ended = new Promise<Ran>((resolve) => {
      outputs.set(id, { output, end: (code) => resolve({ ...output, code }) });
    });
    if (isOver) outputs.get(id)?.end(null);
    say({ kind: 'run', id, argv, env });
    return {
      ended,
      stdout: () => output.stdout,
      stderr: () => output.stderr,
      signal: (signal) => say({ kind: 'signal', id, signal }),
    };
  };
  return { ready, start };
}
