// Wishes and a machine → the plan, as text; and every reason to refuse.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { planDelete } from '../../src/bridge/plan/delete.js';
import { paths, withBlock, withoutBlock } from '../../src/bridge/plan/paths.js';
import type { BridgeFacts, BridgePlan, BridgeState, Step, Wishes } from '../../src/bridge/plan/types.js';
import { readHere } from '../../src/bridge/use/here.js';
import { PiburnError } from '../../src/errors.js';
import {
  change,
  listening,
  type Machine,
  machines,
  recorded,
  withAddress,
  withDnsmasq,
  withInterface,
} from './recorded.js';

const factsOf = (machine: Machine, ssh?: string): Promise<BridgeFacts> => readFacts(recorded(machine), ssh);
const planOf = async (machine: Machine, wishes: Wishes = {}): Promise<BridgePlan> =>
  planCreate(wishes, await factsOf(machine));

/** A step on a line: what is done, and `← what undoes it`. */
function lineOf(step: Step): string {
  switch (step.kind) {
    case 'file':
      return `${step.part} ${step.path} ${step.mode.toString(8)}`;
    case 'sysctl':
      return `${step.key}=${step.value}`;
    case 'address':
      return `${step.interface} ${step.address}`;
    case 'daemon':
      return 'daemon';
    case 'command': {
      const text = (commands: typeof step.do) => commands.map(({ argv }) => argv.join(' ')).join(' && ');
      return `${text(step.do)}${step.undo.length === 0 ? '' : ` ← ${text(step.undo)}`}`.trim();
    }
  }
}

const lines = (plan: BridgePlan): string[] => plan.steps.filter(({ needed }) => needed).map(({ step }) => lineOf(step));
const textOf = (plan: BridgePlan, path: string): string =>
  plan.steps.flatMap(({ step }) => (step.kind === 'file' && step.path === path ? [step.text] : []))[0] ??
  'no such file';

const judge = 'dnsmasq --test --conf-file=-';
const seeds = ['seed /var/lib/piburn/bridge/dhcp-hosts 644', 'seed /var/lib/piburn/bridge/hosts 644'];
const apt = 'env DEBIAN_FRONTEND=noninteractive apt-get';
const rules = ['whole /etc/piburn/bridge.nft 644', 'nft -f /etc/piburn/bridge.nft ← nft -f -'];
const forwarding = ['whole /etc/sysctl.d/90-piburn-bridge.conf 644', 'net/ipv4/ip_forward=1'];
const unit = [
  '← systemctl daemon-reload',
  'whole /etc/systemd/system/piburn-bridge.service 644',
  'systemctl daemon-reload && systemctl enable piburn-bridge.service && systemctl restart piburn-bridge.service ← systemctl disable --now piburn-bridge.service',
];
const purge = 'env DEBIAN_FRONTEND=noninteractive dpkg --purge dnsmasq dnsmasq-base';
const networkd = [
  '← networkctl reload && networkctl reconfigure eth0',
  'whole /etc/systemd/network/05-piburn-bridge.network 644',
  'networkctl reload && networkctl reconfigure eth0',
];
const ownUnit = [
  'whole /etc/piburn/dnsmasq.conf 644',
  '← systemctl daemon-reload',
  'whole /etc/systemd/system/piburn-bridge-dnsmasq.service 644',
  'systemctl daemon-reload && systemctl enable piburn-bridge-dnsmasq.service && systemctl restart piburn-bridge-dnsmasq.service ← systemctl disable --now piburn-bridge-dnsmasq.service',
];
const dnsmasq = (install: boolean, wasEnabled = false) => [
  'whole /etc/dnsmasq.d/piburn.conf 644',
  ...(install ? [`${apt} install -y --no-install-recommends dnsmasq`] : []),
  `systemctl enable dnsmasq.service && systemctl restart dnsmasq.service ← ${wasEnabled ? '' : 'systemctl disable dnsmasq.service && '}systemctl stop dnsmasq.service`,
];

const plans: readonly (readonly [string, Machine, Wishes, readonly string[]])[] = [
  [
    'without systemd piburn does it all itself',
    machines.container,
    {},
    [judge, ...seeds, 'eth0 10.1.1.1/24', ...rules, ...forwarding, 'whole /etc/dnsmasq.d/piburn.conf 644', 'daemon'],
  ],
  [
    'NetworkManager gets a connection, and packages are installed without letting dnsmasq answer everybody',
    machines.bookworm,
    {},
    [
      `${apt} install -y --no-install-recommends dnsmasq-base nftables`,
      judge,
      ...seeds,
      '← nmcli connection reload && nmcli connection up id Wired connection 1',
      'whole /etc/NetworkManager/system-connections/piburn-bridge.nmconnection 600',
      'nmcli connection load /etc/NetworkManager/system-connections/piburn-bridge.nmconnection && nmcli --wait 0 connection up id piburn-bridge ifname eth0 ← nmcli connection down id piburn-bridge',
      ...rules,
      ...forwarding,
      ...unit,
      ...dnsmasq(true),
    ],
  ],
  [
    'dhcpcd gets a block in its file',
    machines.bullseye,
    {},
    [
      judge,
      ...seeds,
      '← dhcpcd --rebind eth0',
      'block /etc/dhcpcd.conf 644',
      'dhcpcd --rebind eth0',
      ...rules,
      ...forwarding,
      ...unit,
      ...dnsmasq(true),
    ],
  ],
  [
    'systemd-networkd gets a file that comes before others',
    machines.networkd,
    {},
    [
      judge,
      ...seeds,
      '← networkctl reload && networkctl reconfigure eth0',
      'whole /etc/systemd/network/05-piburn-bridge.network 644',
      'networkctl reload && networkctl reconfigure eth0',
      ...rules,
      ...forwarding,
      ...unit,
      ...dnsmasq(true),
    ],
  ],
  [
    'ifupdown gets a file in its folder',
    machines.ifupdown,
    {},
    [
      judge,
      ...seeds,
      'whole /etc/network/interfaces.d/piburn-bridge 644',
      'ifdown --force eth0 && ifup eth0 ← ifdown --force eth0',
      ...rules,
      ...forwarding,
      ...unit,
      ...dnsmasq(true),
    ],
  ],
  [
    "the distribution's dnsmasq that nobody uses gets our file",
    withDnsmasq(machines.networkd, 0),
    { interface: 'none' },
    [
      judge,
      ...seeds,
      ...networkd,
      'whole /etc/dnsmasq.d/piburn.conf 644',
      'systemctl enable dnsmasq.service && systemctl restart dnsmasq.service ← systemctl stop dnsmasq.service',
    ],
  ],
  [
    'a dnsmasq that runs is left alone: ours gets a unit of its own',
    withDnsmasq(machines.networkd),
    { interface: 'none' },
    [judge, ...seeds, ...networkd, ...ownUnit],
  ],
  [
    'so is one that has settings of others, though it does not run',
    change(withDnsmasq(machines.networkd, 0), { files: { '/etc/dnsmasq.d/lan.conf': 'interface=wlan0\n' } }),
    { interface: 'none' },
    [judge, ...seeds, ...networkd, ...ownUnit],
  ],
  [
    'and settings that wait for a dnsmasq to be installed',
    change(machines.networkd, { files: { '/etc/dnsmasq.conf': 'dhcp-leasefile=/var/lib/misc/my.leases\n' } }),
    { interface: 'none' },
    [judge, ...seeds, ...networkd, ...ownUnit],
  ],
  [
    'and one that does not read our folder',
    change(withDnsmasq(machines.networkd, 0), { files: { '/etc/default/dnsmasq': '' } }),
    { interface: 'none' },
    [judge, ...seeds, ...networkd, ...ownUnit],
  ],
  [
    'and one whose options are set in /etc/default',
    change(withDnsmasq(machines.networkd, 0), {
      files: { '/etc/default/dnsmasq': 'CONFIG_DIR=/etc/dnsmasq.d\nDNSMASQ_OPTS="--cache-size=7"\n' },
    }),
    { interface: 'none' },
    [judge, ...seeds, ...networkd, ...ownUnit],
  ],
  [
    '--purge fetches before it removes, and removes before anything is changed',
    machines.container,
    { purge: true, interface: 'none' },
    [
      judge,
      `${apt} install --download-only --reinstall -y --no-install-recommends dnsmasq-base`,
      purge,
      `${apt} install -y --no-install-recommends dnsmasq-base`,
      ...seeds,
      'eth0 10.1.1.1/24',
      'whole /etc/dnsmasq.d/piburn.conf 644',
      'daemon',
    ],
  ],
  [
    '--purge starts afresh a dnsmasq that holds all addresses',
    listening(withDnsmasq(machines.networkd), 'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:(("dnsmasq",pid=612,fd=4))'),
    { purge: true, interface: 'none' },
    [
      judge,
      `${apt} install --download-only --reinstall -y --no-install-recommends dnsmasq-base dnsmasq`,
      purge,
      `${apt} install -y --no-install-recommends dnsmasq-base`,
      ...seeds,
      ...networkd,
      ...dnsmasq(true, true),
    ],
  ],
];

for (const [name, machine, wishes, expected] of plans) {
  test(name, async () => assert.deepEqual(lines(await planOf(machine, wishes)), expected));
}

test('dnsmasq serves the cluster side only, by what the wishes say', async () => {
  const plan = await planOf(machines.container, {
    ip: '10.7.0.1',
    prefix: '16',
    range: '10.7.0.10-10.7.9.9',
    dns: ['9.9.9.9', '1.1.1.1'],
    domain: 'Pi.Example',
  });
  const text = textOf(plan, paths.dnsmasq);
  assert.deepEqual(text.split('\n').slice(2, -1), [
    'interface=eth0',
    'except-interface=lo',
    'bind-dynamic',
    'dhcp-range=set:piburn,10.7.0.10,10.7.9.9,255.255.0.0,12h',
    'dhcp-option=tag:piburn,option:router,10.7.0.1',
    'dhcp-option=tag:piburn,option:dns-server,10.7.0.1',
    'dhcp-authoritative',
    'dhcp-leasefile=/var/lib/piburn/bridge/dnsmasq.leases',
    'dhcp-lease-max=2304',
    'dhcp-hostsfile=/var/lib/piburn/bridge/dhcp-hosts',
    'addn-hosts=/var/lib/piburn/bridge/hosts',
    'no-hosts',
    'host-record=red,red.pi.example,10.7.0.1',
    'domain=pi.example,10.7.0.0/16',
    'local=/pi.example/',
    'expand-hosts',
    'domain-needed',
    'bogus-priv',
    'no-resolv',
    'server=9.9.9.9',
    'server=1.1.1.1',
  ]);
});

test('IPv6 has a prefix of this machine, the same each time, and NAT66 unless it is routed', async () => {
  const [one, two] = [
    await planOf(machines.container, { ipv6: 'nat' }),
    await planOf(machines.container, { ipv6: 'routed' }),
  ];
  assert.match(one.settings.ipv6?.prefix ?? '', /^fd[0-9a-f:]+::$/);
  assert.equal(one.settings.ipv6?.prefix, two.settings.ipv6?.prefix);
  assert.match(textOf(one, paths.nft), /ip6 saddr fd.*masquerade/);
  assert.doesNotMatch(textOf(two, paths.nft), /ip6 saddr .*masquerade/);
  assert.match(textOf(one, paths.dnsmasq), /^dhcp-range=set:piburn,::,constructor:eth0,ra-stateless,ra-names,64,12h$/m);
  assert.match(textOf(one, paths.dnsmasq), /^ra-param=eth0,60,0$/m, 'no default route is told of where there is none');
  assert.ok(lines(one).includes('net/ipv6/conf/wlan0/accept_ra=2'), 'the uplink keeps its own route');
  const typed = await planOf(machines.container, { ipv6: 'fd12:3456:789A::/64,routed' });
  assert.deepEqual(typed.settings.ipv6, { prefix: 'fd12:3456:789a::', address: 'fd12:3456:789a::1', mode: 'routed' });
});

test('a dnsmasq of our own asks nothing of what another one has been told', async () => {
  const machine = change(withDnsmasq(machines.networkd), {
    files: {
      '/etc/dnsmasq.d/lan.conf': 'bind-interfaces\ncache-size=99\n',
      '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
    },
  });
  const plan = await planOf(machine);
  assert.match(textOf(plan, paths.ownDnsmasq), /^interface=eth0\nexcept-interface=lo\nbind-dynamic$/m);
  assert.match(
    plan.warnings.join(),
    /settings of others in \/etc\/dnsmasq\.d\/lan\.conf.*eth0 gets a dnsmasq of its own/,
  );
  assert.match(
    textOf(plan, paths.dnsmasqUnit),
    /dnsmasq --conf-file=\/etc\/piburn\/dnsmasq\.conf --pid-file=\/run\/piburn-bridge-dnsmasq\.pid$/m,
  );
});

test('where our file is already, what others add later moves nothing, and is judged together with it', async () => {
  const made = await planOf(withDnsmasq(machines.networkd, 0));
  const machine = change(withDnsmasq(machines.networkd), {
    files: { [paths.dnsmasq]: textOf(made, paths.dnsmasq), '/etc/dnsmasq.d/lan.conf': 'bind-interfaces\n' },
  });
  const plan = await planOf(machine);
  assert.doesNotMatch(textOf(plan, paths.dnsmasq), /bind-/);
  assert.match(lines(plan)[0] ?? '', /^dnsmasq --test --conf-dir=\/etc\/dnsmasq\.d,\S+ --conf-file=-$/);
});

test('a cluster without internet is told of no router, and its bridge is known all the same', async () => {
  const text = textOf(await planOf(machines.container, { interface: 'none', ip: '10.3.0.1' }), paths.dnsmasq);
  assert.match(text, /^dhcp-option=tag:piburn,option:router$/m);
  const machine = change(machines.container, { files: { [paths.dnsmasq]: text }, directories: [paths.state] });
  const here = await readHere(recorded(machine));
  assert.deepEqual([here?.ip, here?.uplink, here?.prefixLength], ['10.3.0.1', undefined, 24]);
});

test('name servers that the bridge would hide are named', async () => {
  const inside = change(machines.container, { files: { '/etc/resolv.conf': 'nameserver 10.1.1.53\n' } });
  assert.match((await planOf(inside)).warnings.join(), /name server 10\.1\.1\.53 of \/etc\/resolv\.conf lies in/);
  assert.match(
    (await planOf(machines.container, { dns: ['10.1.1.9'] })).warnings.join(),
    /name server 10\.1\.1\.9 lies in/,
  );
  assert.deepEqual((await planOf(machines.container, { dns: ['9.9.9.9'] })).warnings, []);
});

test('a bridge that moves does not warn of itself, and names the leases that stay behind', async () => {
  const leases = '1795472735 aa:bb:cc:dd:ee:01 10.1.1.79 w1 *\n1795472735 aa:bb:cc:dd:ee:02 10.2.0.7 w2 *\n';
  const machine = change(await afterwards(machines.container, {}), { files: { [paths.leases]: leases } });
  const { warnings } = await planOf(machine, { ip: '10.2.0.1' });
  assert.equal(warnings.length, 1, warnings.join());
  assert.match(warnings[0] ?? '', /a lease lies outside .*\(w1 10\.1\.1\.79\)/);
});

test('--purge says what it leaves behind', async () => {
  const machine = change(withDnsmasq(machines.networkd), { files: { '/etc/dnsmasq.d/lan.conf': 'cache-size=9\n' } });
  const plan = await planOf(machine, { purge: true });
  assert.match(plan.warnings.join(), /lan\.conf stays, and without dnsmasq\.service nobody reads it/);
  assert.ok(textOf(plan, paths.ownDnsmasq).includes('interface=eth0'), 'the new dnsmasq is ours alone');
});

test('this machine is served on 127.0.0.1 only where it asks there and nobody else answers', async () => {
  const except = async (machine: Machine) =>
    /^except-interface=lo$/m.test(textOf(await planOf(machine), paths.dnsmasq));
  const asks = change(machines.container, { files: { '/etc/resolv.conf': 'nameserver 127.0.0.1\n' } });
  assert.equal(await except(machines.container), true);
  assert.equal(await except(asks), false);
  assert.equal(await except(change(machines.container, { programs: ['ip', 'nft', 'dnsmasq', 'resolvconf'] })), false);
  const unbound = 'udp UNCONN 0 0 127.0.0.1:53 0.0.0.0:* users:(("unbound",pid=7,fd=4))';
  assert.equal(await except(listening(asks, unbound)), true);
});

test('the stub of systemd-resolved is passed by', async () => {
  const machine = change(machines.container, {
    files: {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.168.1.1\n',
    },
  });
  assert.match(textOf(await planOf(machine), paths.dnsmasq), /^resolv-file=\/run\/systemd\/resolve\/resolv.conf$/m);
});

const defaults: readonly (readonly [Wishes, string, string])[] = [
  [{}, '10.1.1.2', '10.1.1.122'],
  [{ ip: '10.2.0.1/16' }, '10.2.0.2', '10.2.0.122'],
  [{ ip: '10.1.1.254' }, '10.1.1.133', '10.1.1.253'],
  [{ ip: '10.1.1.1', prefix: '30' }, '10.1.1.2', '10.1.1.2'],
  [{ range: '10.1.1.2,10.1.1.20' }, '10.1.1.2', '10.1.1.20'],
];

test('the range fits its network', async () => {
  for (const [wishes, first, last] of defaults) {
    const { settings } = await planOf(machines.container, wishes);
    assert.deepEqual([settings.rangeFirst, settings.rangeLast], [first, last], JSON.stringify(wishes));
  }
});

const uplinkIsEth0 = change(machines.container, {
  outputs: { 'ip -json -4 route': JSON.stringify([{ dst: 'default', dev: 'eth0' }]) },
});

/** Wishes, machine → the error's code and what its message names. */
const refusals: readonly (readonly [Wishes, Machine, string, RegExp])[] = [
  [{ private: 'wlan0' }, machines.container, 'SAME_INTERFACE', /wlan0/],
  [{ private: 'eth7' }, machines.container, 'UNKNOWN_INTERFACE', /eth7.*eth0, wlan0/],
  [{ interface: 'eth7' }, machines.container, 'UNKNOWN_INTERFACE', /--interface: .*eth7/],
  [{ private: 'lo' }, machines.container, 'UNKNOWN_INTERFACE', /'lo'/],
  [{}, uplinkIsEth0, 'NO_PRIVATE', /--private=eth0; there are eth0, wlan0/],
  [{ private: 'wlan0' }, uplinkIsEth0, 'WIRELESS', /Wi-Fi/],
  [{ ip: '192.168.1.1' }, machines.container, 'NET_OVERLAP', /192\.168\.1\.0\/24.*the uplink wlan0/],
  [{ ip: '192.168.0.1/16' }, machines.container, 'NET_OVERLAP', /192\.168\.0\.0\/16/],
  [{}, withInterface(machines.container, 'docker0', '10.1.0.1', 16), 'NET_OVERLAP', /10\.1\.0\.0\/16 of docker0/],
  [
    { ipv6: 'fd12:3456:789a::/64' },
    withInterface(machines.container, 'wg0', 'fd12:3456:789a:0:1::7', 64),
    'NET_OVERLAP',
    /fd12:3456:789a::\/64 overlaps .* of wg0/,
  ],
  [{ range: '10.1.1.20-10.1.1.2' }, machines.container, 'RANGE', /backwards/],
  [{ range: '10.1.1.200-10.1.2.2' }, machines.container, 'RANGE', /leaves.*10\.1\.1\.0\/24/],
  [{ range: '10.1.1.1-10.1.1.9' }, machines.container, 'RANGE', /manager's own address 10\.1\.1\.1/],
  [{ range: '10.1.1.0-10.1.1.9', ip: '10.1.1.99' }, machines.container, 'RANGE', /name of the network/],
  [{ range: '10.1.1.9-10.1.1.255' }, machines.container, 'RANGE', /broadcast/],
  [{ range: '10.1.1.9' }, machines.container, 'RANGE', /no range/],
  [{ ip: '10.1.1.1/24', prefix: '16' }, machines.container, 'PREFIX', /contradict/],
  [{ prefix: '31' }, machines.container, 'PREFIX', /31/],
  [{ ip: '10.1.1.0' }, machines.container, 'ADDRESS', /10\.1\.1\.0/],
  [{ ip: '10.1.1.300' }, machines.container, 'ADDRESS', /10\.1\.1\.300/],
  [{ dns: ['dns.example'] }, machines.container, 'ADDRESS', /dns\.example/],
  [{ domain: 'cluster.local' }, machines.container, 'DOMAIN', /mDNS/],
  [{ domain: 'a b\nserver=6.6.6.6' }, machines.container, 'DOMAIN', /no domain name/],
  [{ ipv6: 'fd12::1/64' }, machines.container, 'IPV6_PREFIX', /'::'/],
  [{ ipv6: 'fd12::/48' }, machines.container, 'IPV6_PREFIX', /\/64/],
  [{ ipv6: 'nat,routed' }, machines.container, 'IPV6_MODE', /nat,routed/],
  [
    {},
    listening(machines.container, 'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:(("dnsmasq",pid=77,fd=4))'),
    'PORT_TAKEN',
    /53 \(DNS\).*all addresses by dnsmasq \(pid 77\)/,
  ],
  [
    {},
    listening(machines.container, 'tcp LISTEN 0 32 [::]:53 [::]:* users:(("named",pid=78,fd=4))'),
    'PORT_TAKEN',
    /named \(pid 78\).*listen-on/,
  ],
  [
    {},
    listening(machines.container, 'udp UNCONN 0 0 10.1.1.1:53 0.0.0.0:* users:(("systemd-resolve",pid=9,fd=4))'),
    'PORT_TAKEN',
    /systemd-resolve \(pid 9\)/,
  ],
  [
    {},
    listening(withDnsmasq(machines.networkd), 'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:(("dnsmasq",pid=612,fd=4))'),
    'PORT_TAKEN',
    /53 \(DNS\) .*by dnsmasq\.service \(pid 612\).*systemctl disable --now dnsmasq.*bind-interfaces.*--purge.*afresh/,
  ],
  [
    {},
    listening(withDnsmasq(machines.networkd), 'udp UNCONN 0 0 0.0.0.0:67 0.0.0.0:*'),
    'PORT_TAKEN',
    /67 \(DHCP\) .*by dnsmasq\.service \(pid 612\)/,
  ],
  [
    { purge: true },
    change(withDnsmasq(machines.networkd), {
      outputs: {
        'apt-get -s purge dnsmasq dnsmasq-base':
          'Purg dnsmasq [2.90-4]\nRemv libvirt-daemon-driver-network [9]\nPurg dnsmasq-base [2.90-4]\n',
      },
    }),
    'PURGE',
    /would remove libvirt-daemon-driver-network as well/,
  ],
  [{ dns: ['10.1.1.1'] }, machines.container, 'DNS', /10\.1\.1\.1 is the bridge itself/],
  [{ dns: ['9.9.9.9'], ip: '9.9.9.9' }, machines.container, 'DNS', /9\.9\.9\.9 is the bridge itself/],
  [
    {},
    listening(machines.container, 'udp UNCONN 0 0 0.0.0.0:67 0.0.0.0:* users:(("dhcpd",pid=5,fd=4))'),
    'PORT_TAKEN',
    /67 \(DHCP\).*dhcpd/,
  ],
  [
    {},
    change(machines.ifupdown, { files: { '/etc/network/interfaces.d/lan': 'auto eth0\niface eth0 inet dhcp\n' } }),
    'INTERFACE_CONFIGURED',
    /interfaces\.d\/lan/,
  ],
];

test('what cannot be is refused with its reason and a hint', async () => {
  for (const [wishes, machine, code, pattern] of refusals) {
    const facts = await readFacts(recorded(machine), undefined, wishes.purge);
    const said = `${code} ${JSON.stringify(wishes)}`;
    assert.throws(
      () => planCreate(wishes, facts),
      (error: unknown) => {
        assert.ok(error instanceof PiburnError, `${said}: ${String(error)}`);
        assert.equal(error.failure.code, code, said);
        assert.match(`${error.failure.message}; ${error.failure.hint}`, pattern);
        assert.ok(error.failure.hint, said);
        return true;
      },
      said,
    );
  }
});

test('listeners that leave the cluster side alone are no conflict', async () => {
  const machine = listening(
    withDnsmasq(machines.networkd),
    'udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=1,fd=2))',
    'udp UNCONN 0 0 192.168.122.1:53 0.0.0.0:* users:(("dnsmasq",pid=2,fd=2))',
    'udp UNCONN 0 0 0.0.0.0%virbr0:67 0.0.0.0:* users:(("dnsmasq",pid=2,fd=2))',
    'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=3,fd=2))',
  );
  assert.ok((await planOf(machine)).steps.length > 0);
});

test('an SSH session over the cluster side is not cut off unasked', async () => {
  const machine = withAddress(machines.container, '192.168.7.4');
  const facts = await factsOf(machine, '192.168.7.9 50000 192.168.7.4 22');
  assert.throws(() => planCreate({}, facts), /SSH session comes in at 192\.168\.7\.4 on eth0/);
  assert.match(planCreate({ onSession: 'allow' }, facts).warnings.join(), /eth0 has 192\.168\.7\.4\/24 now/);
  const seen = change(machine, {
    outputs: { 'ss -H -tanp': 'ESTAB 0 0 [::ffff:192.168.7.4]:22 [::ffff:192.168.7.9]:50000\n' },
  });
  assert.deepEqual((await factsOf(seen)).sshAddresses, ['192.168.7.4'], 'sudo takes the environment away');
});

test('without a default route there is a warning, and nothing is guessed', async () => {
  const machine = change(machines.container, { outputs: { 'ip -json -4 route': '[]' } });
  const facts = await factsOf(machine);
  assert.throws(() => planCreate({}, facts), /no default route/);
  assert.match(planCreate({ interface: 'wlan0' }, facts).warnings.join(), /no internet yet/);
});

/** The state and the machine after a plan was carried out. */
async function afterwards(machine: Machine, wishes: Wishes): Promise<Machine> {
  const plan = await planOf(machine, wishes);
  const state: BridgeState = {
    version: 1,
    phase: 'made',
    settings: plan.settings,
    entries: plan.steps.filter(({ needed }) => needed).map(({ step }) => ({ step, isDone: true })),
  };
  const files = plan.steps.flatMap(({ step }) => (step.kind === 'file' ? [[step.path, step.text] as const] : []));
  return change(withAddress(machine, plan.settings.ip), {
    outputs: { 'nft list tables inet': 'table inet piburn\n' },
    files: {
      ...Object.fromEntries(files),
      [paths.state]: JSON.stringify(state),
      [paths.pid]: '99\n',
      [paths.keeperPid]: '98\n',
      '/proc/sys/net/ipv4/ip_forward': '1\n',
    },
    processes: {
      98: ['node', '/piburn/src/cli/keep-dnsmasq.js', 'dnsmasq', `--conf-file=${paths.dnsmasq}`],
      99: ['dnsmasq', `--conf-file=${paths.dnsmasq}`],
    },
  });
}

test('a bridge that is there needs nothing more, and what is not said stays', async () => {
  const machine = await afterwards(machines.container, { ip: '10.9.0.1', domain: 'pi' });
  const plan = await planOf(machine);
  assert.deepEqual(lines(plan), []);
  assert.deepEqual(plan.obsolete, []);
  assert.equal(plan.settings.domain, 'pi');
});

test('another wish changes only what differs', async () => {
  const machine = await afterwards(machines.container, {});
  assert.deepEqual(lines(await planOf(machine, { dns: ['9.9.9.9'] })), [
    judge,
    'whole /etc/dnsmasq.d/piburn.conf 644',
    'daemon',
  ]);
  const moved = await planOf(machine, { ip: '10.2.0.1' });
  assert.deepEqual(
    moved.obsolete.map(({ step }) => lineOf(step)),
    ['eth0 10.1.1.1/24'],
  );
  assert.deepEqual(lines(moved), [
    judge,
    'eth0 10.2.0.1/24',
    ...rules,
    'whole /etc/dnsmasq.d/piburn.conf 644',
    'daemon',
  ]);
});

test('after a reboot or a kill only what is down is started', async () => {
  const machine = await afterwards(machines.container, {});
  const killed = change(machine, { processes: {} });
  assert.deepEqual(lines(await planOf(killed)), ['daemon']);
  const rebooted = change(killed, { outputs: { ...machines.container.outputs, 'nft list tables inet': '' } });
  assert.deepEqual(lines(await planOf(rebooted)), [
    'eth0 10.1.1.1/24',
    'nft -f /etc/piburn/bridge.nft ← nft -f -',
    'daemon',
  ]);
});

test('what undoes a service is decided once, before there was a bridge', async () => {
  const first = await planOf(machines.networkd);
  const state: BridgeState = {
    version: 1,
    phase: 'made',
    settings: first.settings,
    entries: first.steps.map(({ step }) => ({ step, isDone: true })),
  };
  const later = change(withDnsmasq(machines.networkd), { files: { [paths.state]: JSON.stringify(state) } });
  const undo = (await planOf(later)).steps
    .map(({ step }) => lineOf(step))
    .filter((line) => line.includes('stop dnsmasq'));
  assert.match(undo.join(), /disable dnsmasq\.service && systemctl stop/);
});

test('delete finds what is ours without any state', async () => {
  const machine = await afterwards(machines.bullseye, {});
  const facts = await factsOf({
    ...machine,
    files: { ...machine.files, [paths.state]: '{"version":1,"settings":{},"entries":[]}' },
  });
  const plan = planDelete(undefined, facts);
  assert.deepEqual(
    plan.entries.map(({ step }) => step.id),
    [
      'file:/etc/dnsmasq.d/piburn.conf',
      'file:/etc/piburn/bridge.nft',
      'file:/etc/sysctl.d/90-piburn-bridge.conf',
      'unit-gone',
      'file:/etc/systemd/system/piburn-bridge.service',
      'unit',
      'dhcpcd-back:eth0',
      'file:/etc/dhcpcd.conf',
      'nft',
      'daemon',
    ],
  );
});

test('a block is put into a file and taken out again to the byte', () => {
  for (const text of ['', 'a\n', 'a\n\n', '# x\r\ny\n'])
    assert.equal(withoutBlock(withBlock(text, ['interface eth0'])), text);
  assert.equal(withBlock(withBlock('a\n', ['one']), ['two']), withBlock('a\n', ['two']));
  assert.equal(withoutBlock('a\n'), 'a\n');
});
