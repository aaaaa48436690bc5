// A card of one kind: burned, booted, and asked over ssh whether it is what it was to be; then once more after a reboot.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { asked, burnCards, wiring } from './burned-card.js';
import { bootableImage, type ImageKind, whyNoBoot } from './image.js';
import { askAll, comesUp, knockWithoutKey, type Login, loginTo } from './login.js';
import { type Machine, switchOn } from './machine.js';

/** A sentence, the shell command that is asked on the card, and what its output must be. */
export type Check = readonly [sentence: string, command: string, holds: string | ((output: string) => void)];

export interface CardToBoot {
  /** In the sentence "a card burned … comes up as asked". */
  readonly burned: string;
  readonly image: ImageKind;
  /** More options for `piburn create`. */
  readonly options?: readonly string[];
  /** What is asked of this kind of card only. */
  readonly checks?: readonly Check[];
}

export function comesUpAsAsked({ burned, image, options = [], checks = [] }: CardToBoot): void {
  const skip = whyNoBoot();
  test(`a card burned ${burned} comes up as asked`, { ...(skip !== undefined && { skip }) }, async (t) => {
    const card = await burnCards(t, await bootableImage(image), options);
    const machine = await switchOn(t, card.path, card.folder, wiring);
    const login = loginTo(machine, asked.user, card.key);
    // The key logs in at the static address, or this fails.
    await comesUp(machine, login);
    await t.test('at first', (first) => holdAll(first, [...commonChecks, ...checks], login, machine));
    const boots = machine.boots();
    // It may lose the connection before it can answer.
    await login('sudo systemctl reboot');
    await comesUp(machine, login, boots + 1);
    await t.test('and after another start', (again) => holdAll(again, [...commonChecks, ...checks], login, machine));
  });
}

async function holdAll(t: TestContext, checks: readonly Check[], login: Login, machine: Machine): Promise<void> {
  const commands = checks.map(([, command]) => command);
  const answers = await askAll(login, commands);
  for (const [index, [sentence, command, holds]] of checks.entries()) {
    await t.test(sentence, () => {
      const { code, stdout, stderr } = answers[index] ?? { code: 255, stdout: '', stderr: 'no answer' };
      assert.equal(code, 0, `${command}: ${stdout}\n${stderr}`);
      if (typeof holds === 'string') assert.equal(stdout, holds);
      else holds(stdout);
    });
  }
  await t.test('ssh takes no passwords', async () => {
    // In brackets: what it would take.
    assert.match(await knockWithoutKey(machine, asked.user), /denied \(publickey\)/);
  });
}

const commonChecks: readonly Check[] = [
  ['it has its host name', 'hostname; cat /etc/hostname', `${asked.hostname}\n${asked.hostname}`],
  // Debian's place for it; the address of the network may be gone.
  ['its own name leads to itself', `getent ahostsv4 ${asked.hostname} | awk '{print $1; exit}'`, '127.0.1.1'],
  [
    'it has its static address and no other',
    "ip -4 -oneline address show dev eth0 scope global | awk '{print $4}'",
    `${asked.address}/${asked.prefixLength}`,
  ],
  [
    'it has its gateway and no other',
    "ip route show default | awk '{print $1, $2, $3, $4, $5}'",
    `default via ${asked.gateway} dev eth0`,
  ],
  ['it asks its name server', 'awk \'$1 == "nameserver" {print $2}\' /etc/resolv.conf', asked.dns],
  [
    'it knows the other card by its name',
    `getent hosts ${asked.neighbour.name} | awk '{print $1, $2}'`,
    `${asked.neighbour.address} ${asked.neighbour.name}`,
  ],
  ['its first user is the one that was asked for', 'id -un; id -u; pwd', `${asked.user}\n1000\n/home/${asked.user}`],
  ['there is no user pi', 'getent passwd pi || echo none', 'none'],
  ['the user becomes root without a password', 'sudo -n id -un', 'root'],
  ['it has its time zone', 'timedatectl show --property Timezone --value', asked.timezone],
  ['it has its locale', '. /etc/default/locale; LC_ALL=$LANG locale charmap; echo $LANG', `UTF-8\n${asked.locale}`],
  ['it has its keymap', '. /etc/default/keyboard; echo $XKBLAYOUT', asked.keymap],
  [
    'the script for the first boot has run exactly once, as root',
    // It is started when everything else is up, so it may still be on its way.
    `for i in $(seq 120); do sudo test -s ${asked.proof} && break; sleep 0.5; done; sudo cat ${asked.proof}`,
    `root on ${asked.hostname}`,
  ],
  ['nothing in it has failed', 'systemctl --failed --plain --no-legend', ''],
];
