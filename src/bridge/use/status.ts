// Every part of the bridge, and why it is down, in the words of the program or the unit whose part it is.

import type { BridgePart } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import { readFacts } from '../facts.js';
import { paths, units } from '../plan/paths.js';
import type { BridgeFacts, Listener } from '../plan/types.js';
import type { BridgeSource } from '../source.js';
import { dnsmasqUnit } from './dnsmasq.js';
import { type BridgeHere, needBridge } from './here.js';
import { down, unknown, up } from './part.js';

const createHint = 'run `piburn bridge create` again: it does what is missing';
const restartHint = 'run `piburn bridge restart`';
const missingHint =
  'plug the adapter in and run `piburn bridge restart`, or move the bridge: `piburn bridge create --private=NAME`';

/** @throws PiburnError (usage) `NO_BRIDGE`. */
export async function bridgeStatus(access: Pick<BridgeAccess, 'source' | 'isRoot'>): Promise<BridgePart[]> {
  const here = await needBridge(access.source);
  return partsOf(here, await readFacts(access.source), access);
}

/** Only what `bridge restart --nohup` starts. */
export const isDnsmasqPart = ({ part }: BridgePart): boolean => ['dnsmasq', 'DHCP', 'DNS'].includes(part);

export async function partsOf(
  here: BridgeHere,
  facts: BridgeFacts,
  { source, isRoot }: Pick<BridgeAccess, 'source' | 'isRoot'>,
): Promise<BridgePart[]> {
  const dnsmasq = await dnsmasqPart(facts, source);
  return [
    ...phasePart(here),
    addressPart(here, facts, source),
    dnsmasq,
    listeningPart('DHCP', 67, here, facts),
    listeningPart('DNS', 53, here, facts),
    ...(here.uplink === undefined
      ? [unknown('uplink', 'none: this bridge has no way to the internet')]
      : [forwardingPart(facts), tablePart(facts, isRoot), ...uplinkParts(here.uplink, facts, source)]),
    ...(await ownUnitPart(facts, source)),
  ];
}

function phasePart({ state }: BridgeHere): BridgePart[] {
  if (state === undefined || state.phase === 'made') return [];
  const what = state.phase === 'making' ? 'half made' : 'half undone';
  return [
    down('bridge', `it is ${what}: something stopped in between`, 'run `piburn bridge create` or `delete` again'),
  ];
}

export function addressPart(
  { private: side, ip, prefixLength }: BridgeHere,
  facts: BridgeFacts,
  source: Pick<BridgeSource, 'file'> = { file: () => undefined },
): BridgePart {
  const link = facts.interfaces.find(({ name }) => name === side);
  const name = 'address';
  if (link === undefined) return down(name, `there is no interface ${side}`, missingHint);
  const has = link.addresses.some((each) => each.address === ip && each.prefixLength === prefixLength);
  const others = link.addresses
    .filter(({ family }) => family === 4)
    .map((each) => `${each.address}/${each.prefixLength}`);
  if (!has) {
    const instead = others.length === 0 ? 'no IPv4 address' : others.join(', ');
    const hasLink = source.file(`/sys/class/net/${side}/carrier`)?.text.trim() !== '0';
    const hint = hasLink ? createHint : `${side} has no link, and may get its address with it: look at the cable`;
    return down(name, `${side} has ${instead} instead of ${ip}/${prefixLength}`, hint);
  }
  if (!link.isUp) return down(name, `${side} is switched off`, createHint);
  return up(name, `${side} has ${ip}/${prefixLength}`);
}

async function dnsmasqPart(facts: BridgeFacts, source: BridgeSource): Promise<BridgePart> {
  const unit = dnsmasqUnit(source);
  if (unit === undefined) return daemonPart(facts, source);
  const service = facts.services[unit.replace(/\.service$/, '')];
  if (service?.isActive === true)
    return up('dnsmasq', `${unit} runs${service.pid === undefined ? '' : ` (pid ${service.pid})`}`);
  if (service?.exists !== true) return down('dnsmasq', `there is no ${unit}`, createHint);
  return down('dnsmasq', await unitWords(unit, source), restartHint);
}

function daemonPart({ daemonPid }: BridgeFacts, source: BridgeSource): BridgePart {
  if (daemonPid !== undefined) return up('dnsmasq', `it runs (pid ${daemonPid})`);
  const pid = source.file(paths.pid)?.text.trim();
  const what = pid ? `the process that piburn started (pid ${pid}) has ended` : 'it does not run';
  const last = lastLine(source.file(paths.log)?.text);
  // Killed, it says nothing; then its last line is about something else.
  const words = /fail|cannot|exit|error|unknown|denied/i.test(last ?? '') ? last : undefined;
  return down('dnsmasq', words === undefined ? what : `${what}; its log ends with "${words}"`, restartHint);
}

/** Why a unit is down: its state, and the last that it said. */
export async function unitWords(unit: string, source: BridgeSource): Promise<string> {
  const shown = await source.output('systemctl', ['show', '--property', 'ActiveState,Result,ExecMainStatus', unit]);
  const value = (name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(shown ?? '')?.[1];
  const result = value('Result');
  const state = value('ActiveState') ?? 'unknown';
  const why =
    result === undefined || result === 'success' ? '' : ` (${result}, exit status ${value('ExecMainStatus') ?? '?'})`;
  const journal = await source.output('journalctl', ['--unit', unit, '--lines', '1', '--output', 'cat', '--no-pager']);
  const words = lastLine(journal);
  return `${unit} is ${state}${why}${words === undefined ? '' : `; it said "${words}"`}`;
}

const maxWords = 300;

const lastLine = (text: string | undefined): string | undefined =>
  text?.trimEnd().split('\n').at(-1)?.trim().slice(0, maxWords) || undefined;

function listeningPart(
  part: 'DHCP' | 'DNS',
  port: 67 | 53,
  { ip, private: side }: BridgeHere,
  facts: BridgeFacts,
): BridgePart {
  const serves = (each: Listener) =>
    each.port === port &&
    (each.address === ip || (each.address === '*' && (each.interface ?? side) === side)) &&
    (each.program ?? 'dnsmasq') === 'dnsmasq';
  const listener = facts.listeners.find((each) => each.protocol === 'udp' && serves(each));
  if (listener !== undefined) return up(part, `dnsmasq listens on ${ip}, port ${port}`);
  const other = facts.listeners.find(
    (each) => each.port === port && each.program !== undefined && each.program !== 'dnsmasq',
  );
  const holder = other === undefined ? '' : `; ${other.program} (pid ${other.pid}) listens on ${other.address}`;
  const isThere = facts.interfaces.some(({ name }) => name === side);
  return down(part, `nobody listens on ${ip}, port ${port}${holder}`, isThere ? restartHint : missingHint);
}

export function forwardingPart({ sysctl }: BridgeFacts): BridgePart {
  const value = sysctl['net/ipv4/ip_forward'];
  if (value === '1') return up('forwarding', 'net.ipv4.ip_forward is 1');
  return down('forwarding', `net.ipv4.ip_forward is ${value ?? 'not to be read'}`, restartHint);
}

export function tablePart({ hasTable }: BridgeFacts, isRoot: boolean): BridgePart {
  if (hasTable) return up('NAT', 'nftables has table inet piburn');
  if (!isRoot) return unknown('NAT', 'only root may look at the tables of nftables');
  return down('NAT', 'nftables has no table inet piburn: something flushed the rules', restartHint);
}

export function uplinkParts(uplink: string, facts: BridgeFacts, source: Pick<BridgeSource, 'file'>): BridgePart[] {
  return [linkPart(uplink, facts, source), routePart(uplink, facts)];
}

function linkPart(uplink: string, { interfaces }: BridgeFacts, source: Pick<BridgeSource, 'file'>): BridgePart {
  const link = interfaces.find(({ name }) => name === uplink);
  if (link === undefined) return down('uplink', `there is no interface ${uplink}`, 'plug the adapter in');
  if (!link.isUp) return down('uplink', `${uplink} is switched off`, `switch it on: \`ip link set ${uplink} up\``);
  if (source.file(`/sys/class/net/${uplink}/carrier`)?.text.trim() === '0') {
    return down('uplink', `${uplink} has no link`, link.isWireless ? 'join the wifi' : 'look at the cable');
  }
  const address = link.addresses.find(({ family }) => family === 4);
  if (address === undefined) return down('uplink', `${uplink} has no IPv4 address`, 'have it get one');
  return up('uplink', `${uplink} has ${address.address}/${address.prefixLength}`);
}

function routePart(uplink: string, { defaultRoute }: BridgeFacts): BridgePart {
  if (defaultRoute === uplink) return up('route', `the default route leads through ${uplink}`);
  if (defaultRoute === undefined)
    return down('route', 'this machine has no default route', `connect ${uplink} anew, which brings it`);
  return down(
    'route',
    `the default route leads through ${defaultRoute}, and the bridge lets the cluster out of ${uplink} only`,
    `run \`piburn bridge create --interface=${defaultRoute}\``,
  );
}

async function ownUnitPart({ services }: BridgeFacts, source: BridgeSource): Promise<BridgePart[]> {
  if (!source.exists('/run/systemd/system') || !source.exists(paths.unit)) return [];
  const service = services['piburn-bridge'];
  const name = 'unit';
  if (service?.isActive !== true) return [down(name, await unitWords(units.bridge, source), restartHint)];
  if (!service.isEnabled)
    return [down(name, `${units.bridge} is not enabled: after a boot it would be gone`, createHint)];
  return [up(name, `${units.bridge} is active and enabled`)];
}
