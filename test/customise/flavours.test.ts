// What holds for every flavour: each setting is either in the files or an error.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootFile, flavours, type Setting } from '../../src/customise/flavours/index.js';
import { checkUserName } from '../../src/customise/settings-check.js';
import { PiburnError } from '../../src/errors.js';
import type { Flavour, Node } from '../../src/protocol.js';

const hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
const key = 'ssh-ed25519 AAAAC3Nza alice@laptop';
const nothing: Node = { hostname: '', dns: [] };
const address = { address: '10.1.1.2', prefixLength: 24 };

const filesOf = (flavour: Flavour, node: Node, burnId = '20260915T1200-ab12'): BootFile[] =>
  flavours[flavour].files({ node, boot: { cmdline: 'console=tty1 rootwait\n' }, burnId, bootMount: '/boot/firmware' });

const textOf = (files: readonly BootFile[], path: string): string => {
  const file = files.find((candidate) => candidate.path === path);
  assert.ok(file, `no ${path} among ${files.map((each) => each.path).join(', ')}`);
  return file.text;
};

function failureOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof PiburnError, `no PiburnError: ${error}`);
    return error.failure;
  }
  return assert.fail('nothing was thrown');
}

test('every cell of flavour and setting is honoured in a file or refused by name', () => {
  const nodes: Readonly<Record<Setting, Node>> = {
    hostname: { ...nothing, hostname: 'red001' },
    address: { ...nothing, ipv4: address },
    gateway: { ...nothing, ipv4: address, gateway: '10.1.1.1' },
    dns: { ...nothing, dns: ['9.9.9.9'] },
    user: { ...nothing, user: { name: 'alice', authorizedKeys: [key] } },
    password: { ...nothing, user: { name: 'alice', passwordHash: hash, authorizedKeys: [] } },
    key: { ...nothing, user: { name: 'alice', authorizedKeys: [key] } },
  };
  const evidence: Readonly<Record<Flavour, Readonly<Record<Setting, [path: string, text: string] | string>>>> = {
    cloudinit: {
      hostname: ['user-data', 'hostname: "red001"'],
      address: ['network-config', '- "10.1.1.2/24"'],
      gateway: ['network-config', 'via: "10.1.1.1"'],
      dns: ['network-config', '- "9.9.9.9"'],
      user: ['user-data', 'name: "alice"'],
      password: ['user-data', `passwd: "${hash}"`],
      key: ['user-data', `- "${key}"`],
    },
    firstrun: {
      hostname: ['firstrun.sh', "\nset_hostname 'red001'\n"],
      address: ['firstrun.sh', '\naddress1=10.1.1.2/24\n'],
      gateway: ['firstrun.sh', '\naddress1=10.1.1.2/24,10.1.1.1\n'],
      dns: ['firstrun.sh', '\ndns=9.9.9.9;\n'],
      user: ['firstrun.sh', "\nrename_user 'alice' '*'\n"],
      password: ['firstrun.sh', `\nrename_user 'alice' '${hash}'\n`],
      key: ['firstrun.sh', `\nauthorize_keys '${key}'\n`],
    },
    none: {
      hostname: '--hostname',
      address: '--ipaddr',
      gateway: '--ipaddr',
      dns: '--dns',
      user: '--user',
      password: '--user',
      key: '--user',
    },
  };
  for (const flavour of Object.keys(evidence) as Flavour[]) {
    for (const setting of Object.keys(nodes) as Setting[]) {
      const cell = evidence[flavour][setting];
      const files = () => filesOf(flavour, nodes[setting]);
      if (typeof cell === 'string') {
        const failure = failureOf(files);
        assert.equal(failure.code, 'FLAVOUR_CANNOT');
        assert.equal(failure.message, `${cell} cannot be applied to an image of flavour 'none'.`);
        assert.match(failure.hint ?? '', /--flavour=.*piburn burn/);
      } else {
        const [path, text] = cell;
        assert.ok(textOf(files(), path).includes(text), `${flavour} × ${setting}: ${text}`);
        assert.ok(flavours[flavour].honours.includes(setting));
      }
    }
  }
});

test('a node that asks for nothing gets no files, whatever the flavour', () => {
  for (const flavour of ['cloudinit', 'firstrun', 'none'] as const) assert.deepEqual(filesOf(flavour, nothing), []);
});

test('the secrets of a file are in it literally, so that they can be taken out of what is shown', () => {
  const node: Node = { ...nothing, user: { name: 'alice', passwordHash: hash, authorizedKeys: [key] } };
  for (const flavour of ['cloudinit', 'firstrun'] as const) {
    const files = filesOf(flavour, node);
    assert.deepEqual(
      files.flatMap((file) => file.secrets),
      [hash],
    );
    for (const { text, secrets } of files) {
      const shown = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
      assert.ok(!shown.includes(hash.slice(-20)));
      for (const secret of secrets) assert.ok(text.includes(secret));
    }
  }
});

test('cmdline.txt stays one line, and a second burn of the same image replaces what the first one added', () => {
  const stock = 'console=serial0,115200 console=tty1 root=PARTUUID=5e3da3da-02 rootwait init=/usr/lib/x resize';
  const tails = {
    cloudinit: 'ds=nocloud;i=piburn-red001-b',
    firstrun:
      'systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target',
  };
  const node = { ...nothing, hostname: 'red001' };
  for (const flavour of ['cloudinit', 'firstrun'] as const) {
    const burn = (cmdline: string, burnId: string) =>
      textOf(flavours[flavour].files({ node, boot: { cmdline }, burnId, bootMount: '/boot/firmware' }), 'cmdline.txt');
    const expected = `${stock} ${tails[flavour]}\n`;
    for (const text of [stock, `${stock}\n`, `${stock}\r\n`, `${stock} \n\n`, `\n${stock}\n`]) {
      const first = burn(text, 'a');
      assert.equal(burn(first, 'b'), expected);
      assert.equal(burn(burn(first, 'c'), 'b'), expected);
    }
  }
});

test('a cmdline.txt that cannot take settings is a failure with a reason', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /empty or missing/],
    [' \n\n', /empty or missing/],
    ['console=tty1\nrootwait\n', /2 lines/],
    ['console=tty1\0rootwait', /control characters/],
    [`console=${'x'.repeat(1000)}`, /more than the kernel's 1024/],
  ];
  const node = { ...nothing, hostname: 'red001' };
  for (const flavour of ['cloudinit', 'firstrun'] as const) {
    for (const [cmdline, message] of cases) {
      const input = { node, boot: { cmdline }, burnId: 'a', bootMount: '/boot' } as const;
      const failure = failureOf(() => flavours[flavour].files(input));
      assert.deepEqual([failure.kind, failure.code], ['failed', 'CMDLINE']);
      assert.match(failure.message, message);
    }
  }
});

test('malformed values never reach a file', () => {
  const user = { name: 'alice', authorizedKeys: [key] };
  const cases: readonly (readonly [Node, string])[] = [
    [{ ...nothing, hostname: 'red 001' }, 'HOSTNAME'],
    [{ ...nothing, hostname: "red'; reboot #" }, 'HOSTNAME'],
    [{ ...nothing, ipv4: { address: '10.1.1', prefixLength: 24 } }, 'ADDRESS'],
    [{ ...nothing, ipv4: address, gateway: '10.1.1.1\n' }, 'ADDRESS'],
    [{ ...nothing, gateway: '10.1.1.1' }, 'GATEWAY_ALONE'],
    [{ ...nothing, dns: ['::1'] }, 'ADDRESS'],
    [{ ...nothing, user: { ...user, name: 'Alice' } }, 'USER_NAME'],
    [{ ...nothing, user: { ...user, authorizedKeys: [] } }, 'NO_LOGIN'],
    [{ ...nothing, user: { ...user, authorizedKeys: [`${key}\nssh-rsa AAAA`] } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, user: { ...user, authorizedKeys: [`${key}\r`] } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, user: { ...user, authorizedKeys: [`${key}\0`] } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, user: { ...user, authorizedKeys: [`${key}\u2028`] } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, user: { ...user, authorizedKeys: [`${key}\ud83c`] } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, user: { ...user, passwordHash: 'raspberry' } }, 'PASSWORD_HASH'],
    [{ ...nothing, user: { ...user, passwordHash: `${hash}\nroot:x` } }, 'PASSWORD_HASH'],
    [{ ...nothing, user: { ...user, passwordHash: '' } }, 'PASSWORD_HASH'],
  ];
  for (const flavour of ['cloudinit', 'firstrun'] as const) {
    for (const [node, code] of cases) {
      const failure = failureOf(() => filesOf(flavour, node));
      assert.deepEqual([failure.kind, failure.code], ['usage', code], failure.message);
      assert.ok(failure.hint);
    }
    const node = { ...nothing, hostname: 'red001' };
    assert.equal(failureOf(() => filesOf(flavour, node, 'a b')).code, 'CUSTOMISE_SELFCHECK');
  }
});

test('a user name is what Raspberry Pi OS takes', () => {
  for (const name of ['a', 'alice', 'alice-2', 'a'.repeat(30)]) checkUserName(name, '--user');
  for (const name of ['', 'root', 'Alice', '2alice', '-a', 'al_ice', 'al ice', 'älice', 'a'.repeat(31), 'a\n', 'a:b']) {
    const failure = failureOf(() => checkUserName(name, '--user'));
    assert.deepEqual([failure.kind, failure.code], ['usage', 'USER_NAME']);
    assert.doesNotMatch(failure.message, /\n/);
  }
});
