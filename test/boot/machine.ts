// A Raspberry Pi for a card, as far as qemu can be one: it starts what the card's boot partition says, from there, and
// starts it anew after every reboot, since cmdline.txt may have changed. One wired interface on a network of its own.

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { mtoolsEnv } from '../e2e/support.js';
import { undo } from '../native/scratch.js';
import { type Accelerator, accelerator } from './accelerator.js';

/** The sector where the images' boot partition starts. */
const bootOffsetBytes = 8192 * 512;
/** A card that panics reboots as well; no first boot takes so many. */
const mostBoots = 6;

export interface Wiring {
  /** The card's own address: nothing answers at `port` unless the card has it. */
  readonly address: string;
  readonly network: string;
  readonly gateway: string;
  /** Where DHCP would begin, for a card that asks it. */
  readonly dhcpFrom: string;
  /** Where qemu's own name server is, out of the way of the cards. */
  readonly nameServer: string;
}

export interface Machine {
  /** On 127.0.0.1, leads to the card's port 22. */
  readonly port: number;
  /** How many times it has started so far. */
  boots(): number;
  /** Why it is no longer running; undefined while all is well. */
  stopped(): string | undefined;
  /** The last lines of the serial console. */
  console(): string;
}

type Qemu = ChildProcessByStdio<Writable, Readable, Readable>;

/** Switches it on; it runs until the end of the test, and ends with this process in any case. */
export async function switchOn(t: TestContext, card: string, folder: string, wiring: Wiring): Promise<Machine> {
  const port = await freePort();
  const log = join(folder, 'console.log');
  writeFileSync(log, '');
  let boots = 0;
  let stopped: string | undefined;
  let qemu: Qemu | undefined;
  let isOver = false;
  undo(t, () => {
    isOver = true;
    qemu?.kill('SIGKILL');
  });
  const keepOn = async (): Promise<string> => {
    for (boots = 1; boots <= mostBoots; boots += 1) {
      writeFileSync(log, `--- start ${boots}\n`, { flag: 'a' });
      const found = takeOffCard(card, folder);
      const accel = await accelerator(found.kernel);
      if (isOver) break;
      qemu = startQemu(card, found, accel, log, port, wiring);
      const reason = await whyEnded(qemu);
      if (reason !== 'guest-reset') return reason;
    }
    return `it has started ${boots - 1} times`;
  };
  keepOn().then(
    (reason) => (stopped = reason),
    (error: unknown) => (stopped = String(error)),
  );
  return { port, boots: () => boots, stopped: () => stopped, console: () => lastLines(log) };
}

interface ToLoad {
  readonly kernel: string;
  readonly initramfs: string;
  /** The kernel's command line. */
  readonly words: string;
}

/** The emulated one has little, so that no time goes into drivers for what it would have. */
const processors: Readonly<Record<Accelerator, string>> = { kvm: 'max', tcg: 'qemu64,-svm' };

function startQemu(card: string, toLoad: ToLoad, accel: Accelerator, log: string, port: number, wiring: Wiring): Qemu {
  const { kernel, initramfs, words } = toLoad;
  const { address, network, gateway, dhcpFrom, nameServer } = wiring;
  const net = `net=${network},host=${gateway},dns=${nameServer},dhcpstart=${dhcpFrom},restrict=on`;
  // setpriv: however this process ends, the machine does not outlive it.
  const args = [
    ...['--pdeathsig', 'KILL', 'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-machine', 'pc,usb=off', '-accel', accel, '-cpu', processors[accel], '-smp', '2', '-m', '768'],
    ...['-no-reboot', '-qmp', 'stdio', '-chardev', `file,id=serial,path=${log},append=on`, '-serial', 'chardev:serial'],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', words, '-device', 'virtio-rng-pci'],
    ...['-drive', `if=none,id=card,format=raw,cache=unsafe,file=${card}`, '-device', 'virtio-blk-pci,drive=card'],
    ...['-netdev', `user,id=wire,${net},hostfwd=tcp:127.0.0.1:${port}-${address}:22`],
    ...['-device', 'virtio-net-pci,netdev=wire,romfile='],
  ];
  return spawn('setpriv', args, { stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Its console; and what only takes time, above all without KVM: drivers for the parts of a PC. */
const ownWords = [
  ...['console=ttyS0', 'panic=-1', 'mitigations=off'],
  'module_blacklist=ata_piix,powernow_k8,psmouse,pcspkr,floppy,parport_pc,i2c_piix4',
];

/** What the firmware would load, and the kernel's command line with this machine's console in place of the Pi's. */
function takeOffCard(card: string, folder: string): ToLoad {
  const read = (name: string): Buffer =>
    execFileSync('mtype', ['-i', `${card}@@${bootOffsetBytes}`, `::${name}`], {
      env: mtoolsEnv,
      maxBuffer: 256 * 1024 * 1024,
    });
  const kernel = join(folder, 'kernel');
  const initramfs = join(folder, 'initramfs');
  writeFileSync(kernel, read('kernel8.img'));
  const name = /^initramfs (\S+)/m.exec(read('config.txt').toString())?.[1];
  assert.ok(name !== undefined, 'config.txt names an initramfs');
  writeFileSync(initramfs, read(name));
  const lines = read('cmdline.txt').toString().trimEnd().split('\n');
  assert.equal(lines.length, 1, 'cmdline.txt is one line');
  const kept = (lines[0] ?? '').split(' ').filter((word) => !word.startsWith('console=') && word !== 'quiet');
  return { kernel, initramfs, words: [...kept, ...ownWords].join(' ') };
}

/** The reason of the last event SHUTDOWN (qemu's QMP reference), else what qemu had to say. */
async function whyEnded(qemu: Qemu): Promise<string> {
  let events = '';
  let errors = '';
  qemu.stdout.setEncoding('utf8').on('data', (chunk: string) => (events = (events + chunk).slice(-65536)));
  qemu.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors = (errors + chunk).slice(-65536)));
  qemu.stdin.on('error', () => undefined).write('{"execute":"qmp_capabilities"}\n');
  const [code] = (await once(qemu, 'close')) as [number | null];
  const reason = /"event": "SHUTDOWN".*?"reason": "([\w-]+)"|"reason": "([\w-]+)".*?"event": "SHUTDOWN"/.exec(events);
  return reason?.[1] ?? reason?.[2] ?? `qemu ended with exit code ${code}: ${errors.trim()}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}

const lastLines = (log: string): string =>
  existsSync(log) ? readFileSync(log, 'utf8').replaceAll('\r', '').split('\n').slice(-60).join('\n') : '';
