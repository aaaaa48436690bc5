// What holds for every flavour: each setting is either in the files, where another program reads it, or an error.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allSettings, type BootFile, flavours, type Setting } from '../../src/customise/flavours/index.js';
import { flavourTable } from '../../src/customise/flavours/table.js';
import { PiburnError } from '../../src/errors.js';
import type { Flavour, Node } from '../../src/protocol.js';
import { type Call, callsOf, dig, hasPyYaml, type Json, linesByKey, pyYaml, textOf } from './second-eyes.js';

const hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
const key = 'ssh-ed25519 AAAAC3Nza alice@laptop';
const nothing: Node = { hostname: '', dns: [] };
const ipv4 = { address: '10.1.1.2', prefixLength: 24 };
const ipv6 = { address: 'fd00::2', prefixLength: 64 };
const wifi = { ssid: 'MyNet', psk, hidden: false };
const settled = ['cloudinit', 'ubuntu', 'firstrun', 'legacy'] as const;

const filesOf = (flavour: Flavour, node: Node, burnId = '20260915T1200-ab12'): BootFile[] =>
  flavours[flavour].files({ node, boot: { cmdline: 'console=tty1 rootwait\n' }, burnId, bootMount: '/boot/firmware' });

function failureOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof PiburnError, `no PiburnError: ${error}`);
    return error.failure;
  }
  return assert.fail('nothing was thrown');
}

/** The files of cloud-init as PyYAML reads them. */
interface Cloud {
  readonly user: Json | undefined;
  readonly network: Json | undefined;
  readonly files: readonly BootFile[];
}

/** firstrun.sh as sh reads it. */
interface Script {
  call(name: string): Call;
  readonly dhcpcd: ReadonlyMap<string, string>;
  readonly wpa: ReadonlyMap<string, string>;
  readonly files: readonly BootFile[];
}

interface Cell {
  readonly node: Node;
  /** The value that must be found. */
  readonly is: unknown;
  cloud(files: Cloud): unknown;
  script(files: Script): unknown;
  /** Its key in the profile of NetworkManager, where there is one. */
  readonly profile?: string;
}

const kernelWord = (files: readonly BootFile[], name: string): string | undefined =>
  textOf(files, 'cmdline.txt')
    .split(/\s/)
    .find((word) => word.startsWith(`${name}=`));

const cells: Readonly<Record<Exclude<Setting, 'files'>, Cell>> = {
  hostname: {
    node: { ...nothing, hostname: 'red001' },
    is: 'red001',
    cloud: ({ user }) => dig(user, 'hostname'),
    script: ({ call }) => call('set_hostname').values[0],
  },
  interface: {
    node: { ...nothing, interface: 'eth1', ipv4 },
    is: 'eth1',
    cloud: ({ network }) =>
      Object.keys(dig(network, 'ethernets') ?? {}).find((name) => dig(network, 'ethernets', name, 'addresses')),
    script: ({ dhcpcd }) => dhcpcd.get('interface'),
    profile: 'connection.interface-name',
  },
  address: {
    node: { ...nothing, ipv4 },
    is: '10.1.1.2/24',
    cloud: ({ network }) => dig(network, 'ethernets', 'eth0', 'addresses', 0),
    script: ({ dhcpcd }) => dhcpcd.get('ip_address'),
    profile: 'ipv4.address1',
  },
  gateway: {
    node: { ...nothing, ipv4, gateway: '10.1.1.1' },
    is: '10.1.1.1',
    cloud: ({ network }) => dig(network, 'ethernets', 'eth0', 'routes', 0, 'via'),
    script: ({ dhcpcd }) => dhcpcd.get('routers'),
  },
  address6: {
    node: { ...nothing, ipv6 },
    is: 'fd00::2/64',
    cloud: ({ network }) => dig(network, 'ethernets', 'eth0', 'addresses', 0),
    script: ({ dhcpcd }) => dhcpcd.get('ip6_address'),
    profile: 'ipv6.address1',
  },
  gateway6: {
    node: { ...nothing, ipv6, gateway6: 'fe80::1' },
    is: 'fe80::1',
    cloud: ({ network }) => dig(network, 'ethernets', 'eth0', 'routes', 0, 'via'),
    script: ({ call }) => /default via '(.*?)'/.exec(call('add_dhcpcd_hook').input)?.[1],
  },
  dns: {
    node: { ...nothing, dns: ['9.9.9.9'] },
    is: '9.9.9.9',
    cloud: ({ network }) => String(dig(network, 'ethernets', 'eth0', 'nameservers', 'addresses')),
    script: ({ dhcpcd }) => dhcpcd.get('domain_name_servers'),
  },
  search: {
    node: { ...nothing, search: ['lab.example.org'] },
    is: 'lab.example.org',
    cloud: ({ network }) => String(dig(network, 'ethernets', 'eth0', 'nameservers', 'search')),
    script: ({ dhcpcd }) => dhcpcd.get('domain_search'),
  },
  user: {
    node: { ...nothing, user: { name: 'alice', authorizedKeys: [key] } },
    is: 'alice',
    cloud: ({ user }) => dig(user, 'user', 'name'),
    script: ({ call }) => call('rename_user').values[0],
  },
  password: {
    node: { ...nothing, user: { name: 'alice', passwordHash: hash, authorizedKeys: [] } },
    is: hash,
    cloud: ({ user }) => dig(user, 'user', 'passwd'),
    script: ({ call }) => call('rename_user').values[1],
  },
  key: {
    node: { ...nothing, user: { name: 'alice', authorizedKeys: [key, 'ssh-rsa BBBB'] } },
    is: [key, 'ssh-rsa BBBB'],
    cloud: ({ user }) => dig(user, 'user', 'ssh_authorized_keys'),
    script: ({ call }) => call('authorize_keys').values,
  },
  ssid: {
    node: { ...nothing, wifi: { ssid: 'MyNet', hidden: false } },
    is: 'MyNet',
    cloud: ({ network }) => Object.keys(dig(network, 'wifis', 'wlan0', 'access-points') ?? {})[0],
    script: ({ wpa }) => wpa.get('ssid')?.replaceAll('"', ''),
    profile: 'wifi.ssid',
  },
  wifiPassword: {
    node: { ...nothing, wifi },
    is: psk,
    cloud: ({ network }) => {
      const point = dig(network, 'wifis', 'wlan0', 'access-points', 'MyNet');
      return dig(point, 'password') ?? dig(point, 'auth', 'password');
    },
    script: ({ wpa }) => wpa.get('psk'),
    profile: 'wifi-security.psk',
  },
  hidden: {
    node: { ...nothing, wifi: { ...wifi, hidden: true } },
    is: 'true',
    cloud: ({ network }) => String(dig(network, 'wifis', 'wlan0', 'access-points', 'MyNet', 'hidden')),
    script: ({ wpa }) => String(wpa.get('scan_ssid') === '1'),
    profile: 'wifi.hidden',
  },
  country: {
    node: { ...nothing, country: 'GB' },
    is: 'cfg80211.ieee80211_regdom=GB',
    cloud: ({ files }) => kernelWord(files, 'cfg80211.ieee80211_regdom'),
    script: ({ files }) => kernelWord(files, 'cfg80211.ieee80211_regdom'),
  },
  locale: {
    node: { ...nothing, locale: 'en_GB.UTF-8' },
    is: 'en_GB.UTF-8',
    cloud: ({ user }) => dig(user, 'locale'),
    script: ({ call }) => call('set_locale').values[0],
  },
  timezone: {
    node: { ...nothing, timezone: 'Europe/London' },
    is: 'Europe/London',
    cloud: ({ user }) => dig(user, 'timezone'),
    script: ({ call }) => call('set_timezone').values[0],
  },
  keymap: {
    node: { ...nothing, keymap: 'de(nodeadkeys)' },
    is: ['de', 'nodeadkeys'],
    cloud: ({ user }) => [dig(user, 'keyboard', 'layout'), dig(user, 'keyboard', 'variant')],
    script: ({ call }) => call('set_keymap').values,
  },
  hosts: {
    node: { ...nothing, hosts: [{ address: '10.1.1.3', names: ['red002', 'worker'] }] },
    is: '10.1.1.3 red002 worker',
    cloud: ({ user }) => dig(user, 'runcmd', -1, -1),
    script: ({ call }) => call('add_hosts').input.trim(),
  },
  firstboot: {
    node: { ...nothing, firstboot: '#!/bin/sh\necho hi\n' },
    is: '#!/bin/sh\necho hi\n',
    cloud: ({ user, files }) => (dig(user, 'bootcmd', 0, -1) ? textOf(files, 'piburn-firstboot') : undefined),
    script: ({ call, files }) => (call('keep_firstboot').values[0] ? textOf(files, 'piburn-firstboot') : undefined),
  },
};

function readScript(files: readonly BootFile[], flavour: Flavour): Script {
  const calls = callsOf(textOf(files, 'firstrun.sh'));
  const inputOf = (name: string) => calls.get(name)?.input ?? '';
  const wpaFile = files.find(({ path }) => path === 'wpa_supplicant.conf')?.text ?? '';
  return {
    call: (name) => calls.get(name) ?? assert.fail(`no ${name} in the script`),
    dhcpcd: linesByKey(inputOf('add_to_dhcpcd')),
    wpa: linesByKey(flavour === 'legacy' ? wpaFile : inputOf('write_wpa_supplicant')),
    files,
  };
}

test('every cell of flavour and setting is found in the files by another program, or refused by name', (t) => {
  if (!hasPyYaml) return t.skip('needs python3 with PyYAML');
  for (const [setting, cell] of Object.entries(cells)) {
    const cloudFiles = (['cloudinit', 'ubuntu'] as const).map((flavour) => filesOf(flavour, cell.node));
    const documents = cloudFiles.flatMap((files) =>
      ['user-data', 'network-config'].map((path) => files.find((file) => file.path === path)?.text ?? '{}'),
    );
    const [user, network, ubuntuUser, ubuntuNetwork] = pyYaml(documents);
    const found = {
      cloudinit: cell.cloud({ user, network: dig(network, 'network'), files: cloudFiles[0] ?? [] }),
      ubuntu: cell.cloud({ user: ubuntuUser, network: dig(ubuntuNetwork, 'network'), files: cloudFiles[1] ?? [] }),
      firstrun: cell.script(readScript(filesOf('firstrun', cell.node), 'firstrun')),
      legacy: cell.script(readScript(filesOf('legacy', cell.node), 'legacy')),
    };
    for (const flavour of settled) {
      assert.deepEqual(found[flavour], cell.is, `${flavour} × ${setting}`);
      assert.ok(flavours[flavour].honours.includes(setting as Setting));
    }
    if (cell.profile !== undefined) {
      const profile = callsOf(textOf(filesOf('firstrun', cell.node), 'firstrun.sh')).get('write_profile')?.input ?? '';
      assert.equal(linesByKey(profile).get(cell.profile), cell.is, `profile × ${setting}`);
    }
    const failure = failureOf(() => filesOf('none', cell.node));
    assert.equal(failure.code, 'FLAVOUR_CANNOT');
    assert.match(failure.message, /^--[a-z0-9-]+ cannot be applied to an image of flavour 'none'\.$/);
    assert.match(failure.hint ?? '', /--flavour=cloudinit.*--flavour=legacy.*piburn burn/);
    assert.ok(!flavours.none.honours.includes(setting as Setting));
  }
});

test('a refusal names the option that was given', () => {
  const refused: readonly (readonly [Node, string])[] = [
    [cells.hostname.node, '--hostname'],
    [cells.gateway6.node, '--ip6addr'],
    [cells.wifiPassword.node, '--ssid'],
    [cells.country.node, '--country'],
    [cells.hosts.node, '--cluster-hosts'],
    [cells.firstboot.node, '--firstboot'],
  ];
  for (const [node, option] of refused) {
    assert.ok(failureOf(() => filesOf('none', node)).message.startsWith(`${option} cannot`));
  }
});

test('the table has every option and every flavour, and says what the definitions say', () => {
  const rows = flavourTable()
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  assert.deepEqual(rows[0], ['option', ...Object.keys(flavours)]);
  assert.equal(rows.length, 2 + allSettings.length);
  const widths = new Set(
    flavourTable()
      .trimEnd()
      .split('\n')
      .map((line) => line.length),
  );
  assert.equal(widths.size, 1);
  for (const [index, setting] of allSettings.entries()) {
    const marks = Object.values(flavours).map(({ honours }) => (honours.includes(setting) ? 'yes' : '-'));
    assert.deepEqual(rows[index + 2]?.slice(1), marks);
  }
  assert.match(flavourTable(), /^\| `--ip6addr` +\| yes +\| yes +\| yes +\| yes +\| - +\|$/m);
});

test('a node that asks for nothing gets no files, whatever the flavour', () => {
  for (const flavour of [...settled, 'none'] as const) assert.deepEqual(filesOf(flavour, nothing), []);
});

test('a node that asks for extra files only gets nothing else, and may bring the files of its flavour along', () => {
  const files = ['user-data', 'firstrun.sh', 'ssh'].map((path) => ({ path, bytes: new Uint8Array([1]) }));
  for (const flavour of [...settled, 'none'] as const) assert.deepEqual(filesOf(flavour, { ...nothing, files }), []);
});

test('the secrets of a file are in it literally, so that they can be taken out of what is shown', () => {
  const script = '#!/bin/sh\nTOKEN=xyzzy\n';
  const node: Node = {
    ...nothing,
    user: { name: 'alice', passwordHash: hash, authorizedKeys: [key] },
    wifi,
    firstboot: script,
  };
  for (const flavour of settled) {
    const files = filesOf(flavour, node);
    const secrets = new Set(files.flatMap((file) => file.secrets));
    assert.deepEqual(secrets, new Set([hash, psk, script]), flavour);
    for (const { path, text, secrets } of files) {
      const shown = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
      for (const secret of [hash.slice(-20), psk, 'xyzzy']) assert.ok(!shown.includes(secret), `${flavour} ${path}`);
      for (const secret of secrets) assert.ok(text.includes(secret));
    }
  }
});

test('cmdline.txt stays one line, and a second burn of the same image replaces what the first one added', () => {
  const stock = 'console=serial0,115200 console=tty1 root=PARTUUID=5e3da3da-02 rootwait init=/usr/lib/x resize';
  const run = 'systemd.run=/boot/firmware/firstrun.sh systemd.run_success_action=reboot';
  const tails = {
    cloudinit: ' ds=nocloud;i=piburn-red001-b',
    ubuntu: '',
    firstrun: ` ${run} systemd.unit=kernel-command-line.target`,
    legacy: ` ${run} systemd.unit=kernel-command-line.target`,
  };
  const node = { ...nothing, hostname: 'red001', country: 'GB' };
  for (const flavour of settled) {
    const burn = (cmdline: string, burnId: string, country = 'GB') =>
      textOf(
        flavours[flavour].files({ node: { ...node, country }, boot: { cmdline }, burnId, bootMount: '/boot/firmware' }),
        'cmdline.txt',
      );
    const expected = `${stock} cfg80211.ieee80211_regdom=GB${tails[flavour]}\n`;
    for (const text of [stock, `${stock}\n`, `${stock}\r\n`, `${stock} \n\n`, `\n${stock}\n`]) {
      const first = burn(text, 'a', 'DE');
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
  for (const flavour of ['cloudinit', 'firstrun', 'legacy'] as const) {
    for (const [cmdline, message] of cases) {
      const input = { node, boot: { cmdline }, burnId: 'a', bootMount: '/boot' } as const;
      const failure = failureOf(() => flavours[flavour].files(input));
      assert.deepEqual([failure.kind, failure.code], ['failed', 'CMDLINE']);
      assert.match(failure.message, message);
    }
  }
});

test('the kernel line is changed where the image has it', () => {
  const boot = { cmdline: 'rootwait\n', cmdlinePath: 'current/cmdline.txt' };
  for (const flavour of settled) {
    const node = { ...nothing, hostname: 'red001', country: 'GB' };
    const files = flavours[flavour].files({ node, boot, burnId: 'a', bootMount: '/boot/firmware' });
    assert.match(textOf(files, 'current/cmdline.txt'), /^rootwait cfg80211/);
    assert.ok(!files.some(({ path }) => path === 'cmdline.txt'));
  }
});

test('malformed values never reach a file', () => {
  const user = { name: 'alice', authorizedKeys: [key] };
  const cases: readonly (readonly [Node, string])[] = [
    [{ ...nothing, hostname: 'red 001' }, 'HOSTNAME'],
    [{ ...nothing, hostname: "red'; reboot #" }, 'HOSTNAME'],
    [{ ...nothing, ipv4: { address: '10.1.1', prefixLength: 24 } }, 'ADDRESS'],
    [{ ...nothing, ipv4, gateway: '10.1.1.1\n' }, 'ADDRESS'],
    [{ ...nothing, gateway: '10.1.1.1' }, 'GATEWAY_ALONE'],
    [{ ...nothing, ipv4, gateway: '10.1.2.1' }, 'GATEWAY_OUTSIDE_NET'],
    [{ ...nothing, ipv6: { address: 'fd00::2::3', prefixLength: 64 } }, 'ADDRESS'],
    [{ ...nothing, gateway6: 'fd00::1' }, 'GATEWAY_ALONE'],
    [{ ...nothing, ipv6, gateway6: 'fd01::1' }, 'GATEWAY_OUTSIDE_NET'],
    [{ ...nothing, dns: ['::1'] }, 'ADDRESS'],
    [{ ...nothing, search: ["lab.org'; reboot"] }, 'DOMAIN'],
    [{ ...nothing, interface: 'eth0\nx', dns: ['9.9.9.9'] }, 'INTERFACE'],
    [{ ...nothing, interface: 'eth0' }, 'OPTION_WITHOUT_EFFECT'],
    [{ ...nothing, interface: 'wlan0', ipv4 }, 'OPTION_WITHOUT_EFFECT'],
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
    [{ ...nothing, wifi: { ...wifi, ssid: '' } }, 'SSID'],
    [{ ...nothing, wifi: { ...wifi, ssid: 'x\ny' } }, 'CONTROL_CHARACTER'],
    [{ ...nothing, wifi: { ...wifi, psk: 'password' } }, 'WIFI_KEY'],
    [{ ...nothing, country: 'UK' }, 'COUNTRY'],
    [{ ...nothing, locale: 'en_GB' }, 'LOCALE'],
    [{ ...nothing, timezone: '../../etc/shadow' }, 'TIMEZONE'],
    [{ ...nothing, keymap: 'gb"; reboot' }, 'KEYMAP'],
    [{ ...nothing, hosts: [{ address: '10.1.1.3', names: ['a b'] }] }, 'HOSTNAME'],
    [{ ...nothing, hosts: [{ address: '10.1.1.3', names: [] }] }, 'HOSTS'],
    [{ ...nothing, files: [{ path: '../x', bytes: new Uint8Array() }] }, 'FILE_PATH'],
    [{ ...nothing, firstboot: '' }, 'FIRSTBOOT'],
  ];
  for (const flavour of settled) {
    for (const [node, code] of cases) {
      const failure = failureOf(() => filesOf(flavour, node));
      assert.deepEqual([failure.kind, failure.code], ['usage', code], failure.message);
      assert.ok(failure.hint);
      assert.doesNotMatch(failure.message.replace(/'10\.1\.1\.1\n'/, ''), /[\n\0]/);
    }
    const node = { ...nothing, hostname: 'red001' };
    assert.equal(failureOf(() => filesOf(flavour, node, 'a b')).code, 'CUSTOMISE_SELFCHECK');
  }
});

test('extra files must not take the place of those that make the settings work', () => {
  const taken: Readonly<Record<Flavour, readonly string[]>> = {
    cloudinit: ['cmdline.txt', 'user-data', 'META-DATA', 'network-config', 'ssh', 'piburn-firstboot'],
    ubuntu: ['CMDLINE.TXT', 'user-data', 'meta-data', 'network-config', 'piburn-firstboot'],
    firstrun: ['cmdline.txt', 'FirstRun.sh', 'piburn-firstboot'],
    legacy: ['cmdline.txt', 'firstrun.sh', 'wpa_supplicant.conf', 'ssh'],
    none: ['cmdline.txt'],
  };
  const bytes = new Uint8Array([1]);
  for (const flavour of [...settled, 'none'] as const) {
    const node: Node = flavour === 'none' ? nothing : { ...nothing, ipv4, wifi, firstboot: 'echo\n' };
    filesOf(flavour, { ...node, files: [{ path: 'config.txt', bytes }] });
    for (const path of taken[flavour]) {
      const failure = failureOf(() => filesOf(flavour, { ...node, files: [{ path, bytes }] }));
      assert.deepEqual([failure.kind, failure.code], ['usage', 'FILE_TAKEN'], `${flavour} ${path}`);
      assert.ok(failure.message.includes(`'${path}'`));
    }
  }
  // Without anything to say about the network the file is free.
  filesOf('cloudinit', { ...nothing, files: [{ path: 'network-config', bytes }] });
});

test('a node does not find itself among the hosts of its cluster, under whatever name', () => {
  const hosts = [
    { address: '10.1.1.2', names: ['red001', 'RED001.lab.org', 'login'] },
    { address: '10.1.1.3', names: ['red002'] },
    { address: 'fd00::2', names: ['red001'] },
  ];
  const script = textOf(filesOf('firstrun', { ...nothing, hostname: 'red001', hosts }), 'firstrun.sh');
  assert.equal(callsOf(script).get('add_hosts')?.input, '10.1.1.2 login\n10.1.1.3 red002\n');
});

test('the README has the table of flavours as it is', () => {
  const text = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
  const shown = /<!-- flavours: [^>]*-->\n([\s\S]*?)\n<!-- end of flavours -->/.exec(text)?.[1];
  assert.equal(shown?.trim(), flavourTable().trim());
});
