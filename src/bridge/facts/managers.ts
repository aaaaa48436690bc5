// Which programs give interfaces their addresses here.

import { given } from '../../given.js';
import { paths } from '../plan/paths.js';
import type { BridgeFacts, Stanza } from '../plan/types.js';
import type { BridgeSource } from '../source.js';

type Managers = Pick<BridgeFacts, 'networkManager' | 'isNetworkdActive' | 'isDhcpcdActive' | 'ifupdown'>;

export async function readManagers(source: BridgeSource, hasSystemd: boolean): Promise<Managers> {
  const isActive = async (unit: string) =>
    hasSystemd && (await source.output('systemctl', ['is-active', unit]))?.trim() === 'active';
  const [devices, isNetworkdActive, isDhcpcdUnit] = await Promise.all([
    source.output('nmcli', ['-t', '-f', 'DEVICE,STATE,CONNECTION', 'device']),
    isActive('systemd-networkd.service'),
    isActive('dhcpcd.service'),
  ]);
  return {
    isNetworkdActive,
    isDhcpcdActive: isDhcpcdUnit || isRunning(source, 'dhcpcd', ['/run/dhcpcd/pid', '/run/dhcpcd.pid']),
    ...given({ networkManager: devices === undefined ? undefined : managed(devices), ifupdown: readIfupdown(source) }),
  };
}

function isRunning(source: BridgeSource, program: string, pidFiles: readonly string[]): boolean {
  return pidFiles.some((path) => {
    const pid = Number(source.file(path)?.text.trim() || Number.NaN);
    return source.commandLine(pid)?.some((word) => word.includes(program)) ?? false;
  });
}

/** `nmcli -t`: fields with colons between them, a colon within a field after a backslash. */
function managed(text: string): NonNullable<BridgeFacts['networkManager']> {
  const lines = text.split('\n').filter((line) => line !== '');
  const fields = lines.map((line) => line.split(/(?<!\\):/).map((field) => field.replace(/\\(.)/g, '$1')));
  return Object.fromEntries(
    fields.flatMap(([device = '', state = '', connection = '']) =>
      state === 'unmanaged' || state === '' ? [] : [[device, connection === '' ? {} : { connection }]],
    ),
  );
}

/** interfaces(5): the main file, and those that it sources from its folder. */
function readIfupdown(source: BridgeSource): BridgeFacts['ifupdown'] {
  const main = source.file(paths.interfaces);
  if (main === undefined || source.which('ifup') === undefined) return undefined;
  const folder = '/etc/network/interfaces.d';
  const readsFolder = /^\s*source(-directory)?\s+(\/etc\/network\/)?interfaces\.d(\/\*)?\s*$/m.test(main.text);
  const names = readsFolder ? source.list(folder).filter((name) => /^[A-Za-z0-9_-]+$/.test(name)) : [];
  const texts = [
    [paths.interfaces, main.text] as const,
    ...names.map((name) => [`${folder}/${name}`, source.file(`${folder}/${name}`)?.text ?? ''] as const),
  ];
  return { readsFolder, stanzas: texts.flatMap(([file, text]) => stanzasOf(file, text)) };
}

const stanzasOf = (file: string, text: string): Stanza[] =>
  [...text.matchAll(/^[ \t]*iface[ \t]+(\S+)/gm)].flatMap(([, name]) =>
    name === undefined ? [] : [{ interface: name, file }],
  );
