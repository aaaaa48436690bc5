// Who made the network card behind an Ethernet address, by the lists that Debian packages keep (ieee-data, hwdata, nmap,
// arp-scan), and whether it is that of a Raspberry Pi. Pure, but for reading the first list that is there.

import { readFile, stat } from 'node:fs/promises';

/**
 * Blocks (OUI) of Raspberry Pi Ltd and its predecessors, as the IEEE lists them (standards-oui.ieee.org/oui/oui.txt):
 * the first four are in Debian's ieee-data 20220827.1; d8:3a:dd and 2c:cf:67 were added in 2023 and 2024 (quoted from
 * that list at raspberrypi.stackexchange.com/q/28365); 88:a2:9e is what Pis made from 2025 on carry.
 */
const raspberryPiBlocks: ReadonlySet<string> = new Set([
  'b827eb',
  'dca632',
  'e45f01',
  '28cdc1',
  'd83add',
  '2ccf67',
  '88a29e',
]);

/** Whether an Ethernet address (`dc:a6:32:01:02:03`) is that of a Raspberry Pi; the vendor's name helps with newer blocks. */
export const isRaspberryPi = (mac: string, vendor = ''): boolean =>
  raspberryPiBlocks.has(digitsOf(mac).slice(0, 6)) || /^raspberry pi\b/i.test(vendor);

const lists = [
  '/usr/share/ieee-data/oui.txt',
  '/var/lib/ieee-data/oui.txt',
  '/usr/share/hwdata/oui.txt',
  '/usr/share/nmap/nmap-mac-prefixes',
  '/usr/share/arp-scan/ieee-oui.txt',
] as const;
const maxListBytes = 32 * 1024 * 1024;

/** The vendors of some addresses, as far as a list of this system knows them. */
export async function vendorsOf(macs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (macs.length === 0) return new Map();
  for (const path of lists) {
    const text = await readList(path);
    if (text !== undefined) return findVendors(text, macs);
  }
  return new Map();
}

async function readList(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > maxListBytes ? undefined : await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Looks addresses up in a list: lines such as `28-CD-C1   (hex)\t\tName` (IEEE), `28CDC1 Name` (nmap) or `28:CD:C1\tName`
 * (arp-scan); blocks of 24, 28 or 36 bits, the longest that fits. Lines of another form are passed over.
 */
export function findVendors(text: string, macs: readonly string[]): Map<string, string> {
  const wanted = new Set(macs.flatMap((mac) => blocksOf(mac)));
  const names = new Map<string, string>();
  for (const [, prefix = '', name = ''] of text.matchAll(listLine)) {
    const block = digitsOf(prefix);
    if (wanted.has(block) && !names.has(block)) names.set(block, name.trim().slice(0, maxNameLength));
  }
  const found = macs.map((mac) => [mac, blocksOf(mac).flatMap((block) => names.get(block) ?? [])[0]] as const);
  return new Map(found.flatMap(([mac, name]) => (name === undefined || name === '' ? [] : [[mac, name] as const])));
}

const maxNameLength = 200;
const listLine =
  /^((?:[0-9A-Fa-f]{2}[-:]?){2}[0-9A-Fa-f]{2}(?:[-:]?[0-9A-Fa-f]){0,3})[ \t]+(?!\(base 16\))(?:\(hex\)\s*)?([^\r\n]+)/gm;

/** The blocks that an address may be in, the smallest first. An address that its owner made up (bit 2) is in none. */
function blocksOf(mac: string): string[] {
  const digits = digitsOf(mac);
  if (digits.length !== 12 || (Number.parseInt(digits.slice(0, 2), 16) & 2) !== 0) return [];
  return [9, 7, 6].map((length) => digits.slice(0, length));
}

const digitsOf = (text: string): string => text.replace(/[^0-9A-Fa-f]/g, '').toLowerCase();
