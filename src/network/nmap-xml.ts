// Reads what `nmap -oX -` prints: the hosts that are up. Format: nmap.dtd of nmap 7.93 (a host has a status, addresses of
// type ipv4, ipv6 and mac, host names, and times with the smoothed round trip in microseconds). Read strictly, never
// throws: output that breaks off gives the hosts before the break.

import sax from 'sax';
import { given } from '../given.js';
import { ipv4Number } from '../ipv4-net.js';
import { macOf } from './ip-json.js';

export interface NmapHost {
  readonly address: string;
  readonly mac?: string;
  readonly vendor?: string;
  readonly name?: string;
  readonly latencyMs?: number;
}

/** What nmap printed; `isWhole` when it came to its end. */
export interface NmapReport {
  readonly hosts: readonly NmapHost[];
  readonly isWhole: boolean;
}

const maxHosts = 65_536;
const maxTextLength = 64 * 1024 * 1024;

export function parseNmap(text: string): NmapReport {
  const hosts: NmapHost[] = [];
  let draft: HostDraft | undefined;
  let isWhole = false;
  let isBroken = text.length > maxTextLength;
  const parser = sax.parser(true, { trim: true });
  parser.onerror = () => {
    isBroken = true;
  };
  parser.onopentag = ({ name, attributes }) => {
    if (isBroken) return;
    const attribute = (key: string) => textOf(attributes[key]);
    if (name === 'host') draft = { isUp: false };
    else if (draft !== undefined) readPart(draft, name, attribute);
    if (name === 'finished') isWhole = attribute('exit') !== 'error';
  };
  parser.onclosetag = (name) => {
    if (name !== 'host' || isBroken) return;
    if (draft?.isUp && draft.address !== undefined && hosts.length < maxHosts) hosts.push(hostOf(draft, draft.address));
    draft = undefined;
  };
  if (!isBroken) feed(parser, text, () => isBroken);
  return { hosts, isWhole: isWhole && !isBroken };
}

interface HostDraft {
  isUp: boolean;
  address?: string;
  mac?: string | undefined;
  vendor?: string | undefined;
  name?: string | undefined;
  latencyMs?: number | undefined;
}

function readPart(draft: HostDraft, element: string, attribute: (key: string) => string | undefined): void {
  if (element === 'status') draft.isUp = attribute('state') === 'up';
  if (element === 'hostname') draft.name ??= attribute('name')?.slice(0, 255);
  if (element === 'times') draft.latencyMs = latencyOf(attribute('srtt'));
  if (element !== 'address') return;
  const address = attribute('addr') ?? '';
  if (attribute('addrtype') === 'ipv4' && ipv4Number(address) !== undefined) draft.address ??= address;
  if (attribute('addrtype') !== 'mac') return;
  draft.mac = macOf(address);
  draft.vendor = attribute('vendor')?.slice(0, 200);
}

const hostOf = ({ mac, vendor, name, latencyMs }: HostDraft, address: string): NmapHost => ({
  address,
  ...given({ mac, vendor, name, latencyMs }),
});

const latencyOf = (srtt: string | undefined): number | undefined =>
  srtt !== undefined && /^\d{1,10}$/.test(srtt) && srtt !== '0' ? Number(srtt) / 1000 : undefined;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** In pieces, so that an error near the beginning ends it; an error is an event, and the next write throws it again. */
function feed(parser: sax.SAXParser, text: string, isBroken: () => boolean): void {
  try {
    for (let at = 0; at < text.length && !isBroken(); at += 65_536) parser.write(text.slice(at, at + 65_536));
    if (!isBroken()) parser.close();
  } catch {
    // Told to onerror already.
  }
}
