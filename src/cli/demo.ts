// `piburn demo`: three virtual cards from a small image that comes with piburn, and the proof of what is on one.

import { generateKeyPairSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageUrl } from '../code-root.js';
import { imageReader, readBootFiles } from '../customise/boot-volume.js';
import { create } from '../index.js';
import type { Ending } from './ending.js';
import { present } from './present.js';
import type { Terminal } from './terminal.js';

const image = fileURLToPath(packageUrl('src/demo/pi-like.img.xz'));

export async function demo(directory: string, terminal: Terminal): Promise<Ending> {
  mkdirSync(directory, { recursive: true });
  const key = join(directory, 'demo_ed25519.pub');
  writeFileSync(key, `${demoKey()} demo@piburn\n`);
  const device = `${directory}/red[001-003].img`;
  terminal.say(
    `piburn create --image=${relative('', image)} --device=${device} --hostname=red[001-003] --ipaddr=10.1.1.[2-4]/24 --gateway=10.1.1.1 --sshkey=${key} --yes --verify\n`,
  );
  const start = () =>
    create({
      image,
      device,
      hostname: 'red[001-003]',
      ipaddr: '10.1.1.[2-4]/24',
      gateway: '10.1.1.1',
      sshKeys: [key],
      store: join(directory, 'store'),
      confirm: async () => true,
    });
  const ending = await present(start, { json: false, dryRun: false }, terminal);
  if (ending.code === 0) await prove(directory, terminal);
  return ending;
}

/** Opens one of the cards afresh and prints what piburn has put on it. */
async function prove(directory: string, terminal: Terminal): Promise<void> {
  const card = join(directory, 'red002.img');
  const descriptor = openSync(card, 'r');
  try {
    const files = await readBootFiles(imageReader(descriptor), ['user-data', 'network-config', 'cmdline.txt']);
    terminal.say(`\nRead back from the boot partition of ${card}:`);
    for (const { path, text } of files) terminal.say(`\n--- ${path}\n${text.trimEnd()}`);
  } finally {
    closeSync(descriptor);
  }
  terminal.say(
    `\nThe three cards are ${directory}/red001.img to red003.img. Look at one with:\n` +
      `  mdir -i ${card}@@8388608 ::        (Debian package mtools)\n` +
      `With real cards it is --device=/dev/sd[a-c] and sudo. \`rm -r ${directory}\` takes everything away.`,
  );
}

/** A public key in the form of RFC 4253 and RFC 8709, as ssh-keygen would write it. */
function demoKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')}`;
}
