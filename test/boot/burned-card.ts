// Two cards burned with the piburn command from one image, with everything that it can be asked for; the second is booted.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { workplace } from '../e2e/support.js';
import type { Wiring } from './machine.js';

/** What the booted card is to be. The addresses lie where no DHCP of the machine's network would put them. */
export const asked = {
  hostname: 'red002',
  address: '10.77.0.3',
  prefixLength: 24,
  gateway: '10.77.0.1',
  dns: '10.77.0.1',
  user: 'alice',
  neighbour: { name: 'red001', address: '10.77.0.2' },
  timezone: 'Europe/London',
  locale: 'de_DE.UTF-8',
  keymap: 'de',
  /** Where the script of --firstboot writes a line each time it runs. */
  proof: '/root/first-boot-proof',
} as const;

export const wiring: Wiring = {
  address: asked.address,
  network: '10.77.0.0/24',
  gateway: asked.gateway,
  dhcpFrom: '10.77.0.200',
  nameServer: '10.77.0.250',
};

export interface BurnedCard {
  readonly path: string;
  /** Where there is room for what the booting needs. */
  readonly folder: string;
  /** The private key that logs in. */
  readonly key: string;
}

export async function burnCards(t: TestContext, image: string, extra: readonly string[]): Promise<BurnedCard> {
  const { directory, path, piburn } = workplace(t);
  const key = path('key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'boot test', '-f', key]);
  writeFileSync(path('first-boot.sh'), `#!/bin/sh\necho "$(id -un) on $(hostname)" >>${asked.proof}\n`);
  const { address, prefixLength, neighbour } = asked;
  const args = [
    ...[
      'create',
      `--image=${image}`,
      '--device=red[001-002].img',
      '--yes',
      `--hostname=${neighbour.name},${asked.hostname}`,
    ],
    ...[`--ipaddr=${neighbour.address}/${prefixLength},${address}/${prefixLength}`, `--gateway=${asked.gateway}`],
    ...[`--dns=${asked.dns}`, `--user=${asked.user}`, `--sshkey=${key}.pub`, `--timezone=${asked.timezone}`],
    ...[`--locale=${asked.locale}`, `--keymap=${asked.keymap}`, `--firstboot=${path('first-boot.sh')}`, ...extra],
  ];
  const burned = await piburn(args, { timeoutMs: 10 * 60_000 });
  assert.equal(burned.code, 0, `${burned.stdout}\n${burned.stderr}`);
  return { path: path('red002.img'), folder: directory, key };
}
