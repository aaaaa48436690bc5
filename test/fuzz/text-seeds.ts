// The seeds of texts, as programs and people write them.

import { flavours } from '../../src/customise/flavours/index.js';
import type { Node } from '../../src/protocol.js';
import { load } from '../devices/recorded.js';
import { bmapOf } from '../image/bmap/bmaps.js';

/** Name → text. */
export function textSeeds(): Map<string, string | Buffer> {
  return new Map<string, string | Buffer>([
    ['hostlist-some', 'red[001-020],10.1.1.[2-21],/dev/sd[a-f,h],x[1-2][a-b].local'],
    ['oslist-some', JSON.stringify(list)],
    ['bmap-old', bmap('1.2')],
    ['bmap-new', bmap('2.0')],
    ['config-some', inventoryYaml],
    [
      'inventory-some',
      'host,ip,"label",tags\n# five\nred001,10.1.1.1,"5 inch ""rack""",a\nred[002-004],10.1.1.[2-4],,b\r\n',
    ],
    ['leases-some', leases],
    ['lsblk-some', JSON.stringify({ blockdevices: load('pi-with-hub').lsblk })],
    ['nmap-some', nmap],
    ['ipjson-some', ip],
    ['nft-some', nft],
    ['card-cloudinit', cardOf('cloudinit')],
    ['card-firstrun', cardOf('firstrun')],
    ['card-legacy', cardOf('legacy')],
    ['dns-answer', Buffer.from(dns, 'latin1')],
  ]);
}

const bmap = (version: string): string =>
  bmapOf(
    Buffer.alloc(40_960, 1),
    [
      [0, 3],
      [7, 7],
    ],
    { version },
  );

const entry = (name: string, url: string) => ({
  name,
  description: 'A port of Debian',
  url,
  icon: 'https://example.org/icon.png',
  release_date: '2026-06-18',
  extract_size: 2_000_000_000,
  extract_sha256: 'a'.repeat(64),
  image_download_size: 500_000_000,
  image_download_sha256: 'b'.repeat(64),
  devices: ['pi5-64bit'],
  init_format: 'cloudinit',
});

const list = {
  imager: { latest_version: '2.0', devices: [{ name: 'Raspberry Pi 5', tags: ['pi5-64bit'], default: false }] },
  os_list: [
    entry('Raspberry Pi OS (64-bit)', 'https://example.org/raspios_arm64/2026-06-18-raspios-trixie-arm64.img.xz'),
    { name: 'Other', description: 'more', subitems: [entry('Lite', '2026-06-18-raspios-trixie-arm64-lite.img.xz')] },
    { name: 'Far', description: 'elsewhere', subitems_url: 'https://example.org/part.json' },
  ],
};

const inventoryYaml = `red001:
  ip: 10.1.1.1
  label: &text "a label"
  tags: [a, b]
'red[002-004]':
  host: red[002-004]
  ip: 10.1.1.[2-4]
  label: *text
`;

const leases = `1790000000 dc:a6:32:00:00:01 10.1.1.2 red001 01:dc:a6:32:00:00:01
0 06-dc:a6:32:00:00:02 10.1.1.3 * *
duid 00:01:00:01
1790000000 1 fd00::2 red001 00:01
1790000000 dc:a6:32:00:00:01 10.1.1.2 red001 *
`;

const nmap = `<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun><host><status state="up" reason="arp"/>
<address addr="10.1.1.2" addrtype="ipv4"/><address addr="DC:A6:32:00:00:01" addrtype="mac" vendor="Raspberry Pi"/>
<hostnames><hostname name="red001.local" type="PTR"/></hostnames><times srtt="512" rttvar="5000" to="100000"/></host>
<runstats><finished time="1" exit="success"/></runstats></nmaprun>`;

const ip = JSON.stringify([
  {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['BROADCAST', 'UP'],
    operstate: 'UP',
    link_type: 'ether',
    address: 'dc:a6:32:00:00:01',
    linkinfo: { info_kind: 'bridge' },
    addr_info: [{ family: 'inet', local: '10.1.1.1', prefixlen: 24, scope: 'global', dynamic: true }],
  },
  { dst: 'default', gateway: '10.1.1.254', dev: 'eth0', protocol: 'dhcp', metric: 100 },
  { dst: '10.1.1.7', dev: 'eth0', lladdr: 'dc:a6:32:00:00:07', state: ['REACHABLE'] },
]);

const nft = JSON.stringify({
  nftables: [
    { metainfo: { version: '1.0.6' } },
    { table: { family: 'ip', name: 'filter', handle: 1, flags: ['dormant'] } },
    {
      chain: {
        family: 'inet',
        table: 'docker',
        name: 'forward',
        handle: 1,
        type: 'filter',
        hook: 'forward',
        prio: 0,
        policy: 'drop',
      },
    },
    { set: { family: 'inet', table: 'docker', name: 'some', elem: ['10.0.0.1', { range: ['10.0.0.2', '10.0.0.9'] }] } },
    {
      rule: {
        family: 'inet',
        table: 'docker',
        chain: 'forward',
        handle: 4,
        expr: [{ match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'eth0' } }, { accept: null }],
      },
    },
  ],
});

const node: Node = {
  hostname: 'red001',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  dns: ['10.1.1.1'],
  search: ['cluster.local'],
  user: { name: 'pi', passwordHash: `$6$salt$${'a'.repeat(86)}`, authorizedKeys: ['ssh-ed25519 AAAA me'] },
  wifi: { ssid: 'it\'s "home"', psk: 'a'.repeat(64), hidden: false },
  country: 'DE',
  locale: 'de_DE.UTF-8',
  timezone: 'Europe/Berlin',
  keymap: 'de',
  hosts: [{ address: '10.1.1.3', names: ['red002'] }],
} as Node;

function cardOf(flavour: 'cloudinit' | 'firstrun' | 'legacy'): string {
  const cmdline = 'console=tty1 root=PARTUUID=1234-02 rootwait';
  const boot = { cmdline, cmdlinePath: 'cmdline.txt', userData: '#cloud-config\n' };
  const files = flavours[flavour].files({ node, boot, burnId: '20260915T1200-ab12', bootMount: '/boot/firmware' });
  return files.map(({ path, text }) => `${path}\n${text}`).join('\0');
}

const label = (text: string): string => `${String.fromCharCode(text.length)}${text}`;
const owner = ['2', '1', '1', '10', 'in-addr', 'arpa'].map(label).join('');
/** One answer with a pointer in its name, in bytes below 0x80, except that of the flags and of the pointer. */
const dns = `\0\0\x84\0\0\0\0\x01\0\0\0\0${owner}\0\0\x0c\0\x01\0\0\0\x78\0\x0e${label('red001')}${label('local')}\0`;
