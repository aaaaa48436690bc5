// dnsmasq as it is set up without us, and this machine's own name servers.

import { given } from '../../given.js';
import { purgedPackages } from '../plan/package-steps.js';
import { paths } from '../plan/paths.js';
import type { BridgeFacts, DnsmasqFacts } from '../plan/types.js';
import type { BridgeSource } from '../source.js';

const folder = '/etc/dnsmasq.d';
const defaults = '/etc/default/dnsmasq';

export function readDnsmasq(source: BridgeSource): DnsmasqFacts {
  const names = source.list(folder).filter((name) => !/^\.|~$|^#.*#$|\.dpkg-(dist|old|new)$/.test(name));
  const files = ['/etc/dnsmasq.conf', ...names.map((name) => `${folder}/${name}`)].filter(
    (path) => path !== paths.dnsmasq,
  );
  const set = files.map((path) => ({ path, options: optionsOf(source.file(path)?.text ?? '') }));
  const optionNames = new Set(set.flatMap(({ options }) => options.map(({ name }) => name)));
  const bindMode = (['bind-interfaces', 'bind-dynamic'] as const).find((name) => optionNames.has(name));
  const main = set[0]?.options ?? [];
  const isFolder = ({ name, value }: Option) =>
    name === 'conf-dir' && value.split(',')[0]?.replace(/\/$/, '') === folder;
  // Debian's service hands the folder over itself (/etc/default/dnsmasq).
  const isHanded = /^\s*CONFIG_DIR=["']?\/etc\/dnsmasq\.d\b/m.test(source.file(defaults)?.text ?? '');
  const isForeign = (option: Option) => !isFolder(option);
  return {
    readsFolder: isHanded || main.some(isFolder),
    foreignFiles: [
      ...set.filter(({ options }) => options.some(isForeign)).map(({ path }) => path),
      ...(hasOwnOptions(source.file(defaults)?.text ?? '') ? [defaults] : []),
    ],
    ...given({ bindMode }),
  };
}

/** A shell's file, of which Debian's service takes DNSMASQ_OPTS, DNSMASQ_EXCEPT and more. */
const hasOwnOptions = (text: string): boolean =>
  /^\s*(export\s+)?(?!ENABLED=|CONFIG_DIR=|IGNORE_RESOLVCONF=)[A-Z_]+=["']?[^\s"']/m.test(text);

interface Option {
  readonly name: string;
  readonly value: string;
}

const optionsOf = (text: string): Option[] =>
  text.split('\n').flatMap((line) => {
    const [, name, value = ''] = /^\s*([a-z0-9-]+)\s*(?:=\s*(.*?)\s*)?$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value }];
  });

/** systemd-resolved's stub is left out: its own list of the real servers is beside it. */
export function readResolvers(source: BridgeSource): BridgeFacts['resolvers'] {
  const usual = '/etc/resolv.conf';
  const behind = '/run/systemd/resolve/resolv.conf';
  const servers = serversOf(source.file(usual)?.text ?? '');
  const isStub = servers.length > 0 && servers.every((server) => server === '127.0.0.53');
  if (!isStub || !source.exists(behind)) return { file: usual, servers };
  return { file: behind, servers: serversOf(source.file(behind)?.text ?? '') };
}

const serversOf = (text: string): string[] =>
  [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, server]) => (server === undefined ? [] : [server]));

/** The packages besides dnsmasq's own that go when those are purged: `Purg NAME [VERSION]` or `Remv …` of `apt-get -s`. */
export async function readRemovedWithDnsmasq(source: BridgeSource): Promise<readonly string[]> {
  const text = (await source.output('apt-get', ['-s', 'purge', ...purgedPackages])) ?? '';
  const names = [...text.matchAll(/^(?:Purg|Remv) (\S+)/gm)].flatMap(([, name]) => name ?? []);
  return names.filter((name) => !purgedPackages.some((own) => own === name));
}
