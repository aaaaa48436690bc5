// Asks the system for its interfaces, routes and neighbours: `ip` where it is installed, else what Node and /proc tell.

import { readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { run } from '../exec.js';
import { given } from '../given.js';
import type { LinkMedium } from '../protocol.js';
import type { SystemFacts } from './interfaces.js';
import {
  type DefaultRoute,
  type Link,
  type NeighbourEntry,
  parseDefaultRoutes,
  parseLinks,
  parseNeighbours,
} from './ip-json.js';
import { linksOfNode, parseArpTable, parseIwLink, parseProcRoutes } from './without-ip.js';

const timeoutMs = 5000;
/** More interfaces than these are those of containers: their media are not asked for. */
const maxMedia = 64;

export async function readSystem(): Promise<SystemFacts> {
  const [links, routes4, routes6] = await Promise.all([
    readLinks(),
    readRoutes('ipv4', ['-json', 'route']),
    readRoutes('ipv6', ['-json', '-6', 'route']),
  ]);
  const hardware = links.filter(({ kind, isLoopback }) => kind === undefined && !isLoopback).slice(0, maxMedia);
  const media = await Promise.all(
    hardware.map(async ({ name, isRunning }) => [name, await readMedium(name, isRunning)] as const),
  );
  return { links, routes: [...routes4, ...routes6], media: new Map(media) };
}

async function readLinks(): Promise<Link[]> {
  const told = await run('ip', ['-json', '-details', 'address'], { timeoutMs });
  const links = told?.exitCode === 0 ? parseLinks(told.stdout) : [];
  if (links.length > 0) return links;
  const named = linksOfNode(networkInterfaces());
  return Promise.all(named.map(async (link) => ({ ...link, ...given({ kind: await readKind(link) }) })));
}

async function readRoutes(family: 'ipv4' | 'ipv6', args: readonly string[]): Promise<DefaultRoute[]> {
  const told = await run('ip', args, { timeoutMs });
  if (told?.exitCode === 0) return parseDefaultRoutes(told.stdout, family);
  return family === 'ipv4' ? parseProcRoutes(await textOf('/proc/net/route')) : [];
}

/** The kernel's table of neighbours, IPv4. */
export async function readNeighbours(): Promise<NeighbourEntry[]> {
  const told = await run('ip', ['-json', '-4', 'neigh'], { timeoutMs });
  return told?.exitCode === 0 ? parseNeighbours(told.stdout) : parseArpTable(await textOf('/proc/net/arp'));
}

/** Without `ip`: hardware has a device behind it, and some kinds have a folder of their own. */
async function readKind({ name, isLoopback }: Link): Promise<string | undefined> {
  const has = (entry: string) => exists(`/sys/class/net/${name}/${entry}`);
  if (isLoopback || (await has('device'))) return undefined;
  if (await has('bridge')) return 'bridge';
  if (await has('bonding')) return 'bond';
  return (await has('tun_flags')) ? 'tun' : 'virtual';
}

async function readMedium(name: string, isRunning: boolean): Promise<LinkMedium> {
  if (name.includes('/')) return {};
  const isWifi = await exists(`/sys/class/net/${name}/phy80211`);
  if (!isWifi) return given({ speedMbps: speedOf(await textOf(`/sys/class/net/${name}/speed`)) });
  const told = isRunning ? await run('iw', ['dev', name, 'link'], { timeoutMs: 2000 }) : undefined;
  return { isWifi, ...(told?.exitCode === 0 ? parseIwLink(told.stdout) : {}) };
}

/** -1 (unknown) and the 2^32 - 1 of old kernels are no speeds. */
function speedOf(text: string): number | undefined {
  const speedMbps = /^\d{1,7}\s*$/.test(text) ? Number(text) : 0;
  return speedMbps > 0 ? speedMbps : undefined;
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
