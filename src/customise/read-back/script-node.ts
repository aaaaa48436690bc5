// The node that a firstrun.sh of piburn asks for, by the calls at its end: the reverse of ../flavours/firstrun-script.ts.

import { given } from '../../given.js';
import type { Node, NodeUser } from '../../protocol.js';
import { readCalls, type ShellCall } from '../flavours/shell-call.js';
import { readWpaSupplicant } from '../flavours/wpa-supplicant.js';
import { readHostLines } from './cloud-node.js';
import { readDhcpcd, readHookGateway } from './network-files.js';
import { addressing } from './network-parts.js';

export interface ScriptSettings {
  readonly node: Node;
  /** Only a script that keeps a script of `--firstboot` names its burn. */
  readonly burnId?: string;
}

const madeBy = '# Made by piburn.';
const lastStep = 'take_itself_off() {';
const ending = 'exit 0\n';

/** Undefined when the script is not one of piburn. `wpaSupplicant`: the file of that name beside it (legacy). */
export function readScriptNode(
  script: string,
  wpaSupplicant: string | undefined,
  firstboot: string | undefined,
): ScriptSettings | undefined {
  const calls = callsIn(script);
  if (calls === undefined) return undefined;
  const call = (name: string) => calls.find((each) => each.name === name);
  const value = (name: string) => call(name)?.values[0];
  const lines = (name: string) => call(name)?.input;
  const network = addressing(readDhcpcd(lines('add_to_dhcpcd') ?? []));
  const radio = readWpaSupplicant(lines('write_wpa_supplicant') ?? wpaSupplicant?.trimEnd().split('\n') ?? []);
  const hosts = lines('add_hosts');
  const burnId = value('keep_firstboot');
  const node: Node = {
    hostname: value('set_hostname') ?? '',
    ...network,
    ...given({
      gateway6: readHookGateway(lines('add_dhcpcd_hook') ?? []),
      user: userIn(call('rename_user'), call('authorize_keys')),
      wifi: radio && { ssid: radio.ssid, hidden: radio.hidden, ...given({ psk: radio.psk }) },
      country: radio?.country ?? value('set_wifi_country'),
      locale: value('set_locale'),
      timezone: value('set_timezone'),
      keymap: keymapIn(call('set_keymap')),
      hosts: hosts && readHostLines(hosts),
      firstboot: burnId === undefined ? undefined : (firstboot ?? ''),
    }),
  };
  return { node, ...given({ burnId }) };
}

function callsIn(script: string): ShellCall[] | undefined {
  const last = script.indexOf(lastStep);
  if (!script.includes(madeBy) || last < 0 || !script.endsWith(ending)) return undefined;
  const start = script.indexOf('\n}\n', last);
  return start < 0 ? undefined : readCalls(script.slice(start + 3, -ending.length).replace(/^\n+/, ''));
}

function userIn(named: ShellCall | undefined, keys: ShellCall | undefined): NodeUser | undefined {
  const [name, hash] = named?.values ?? [];
  if (name === undefined) return undefined;
  const passwordHash = hash?.startsWith('$') ? hash : undefined;
  return { name, authorizedKeys: keys?.values ?? [], ...given({ passwordHash }) };
}

function keymapIn(call: ShellCall | undefined): string | undefined {
  const [layout, variant = ''] = call?.values ?? [];
  return layout === undefined || variant === '' ? layout : `${layout}(${variant})`;
}
