// The bridge in words: what shall be done, and what it is.

import type { BridgeSettings } from '../protocol.js';
import { sentence, stripControls } from './text.js';

/** A step of a plan, as far as it is shown. */
export interface ShownStep {
  readonly sentence: string;
  /** A file that is written. */
  readonly path?: string;
  readonly text?: string;
  readonly mode?: number;
  /** Programs that are run. */
  readonly commands?: readonly (readonly string[])[];
}

/** What the bridge is: one fact on a line. */
export function renderBridge(bridge: BridgeSettings): string {
  const { uplink, private: side, ip, prefixLength, rangeFirst, rangeLast, dns, domain, ipv6 } = bridge;
  const lines: readonly (readonly [string, string])[] = [
    ['Cluster', `${side}, ${ip}/${prefixLength}`],
    ['Internet', uplink === undefined ? 'none' : `through ${uplink}`],
    ['Addresses', `${rangeFirst} to ${rangeLast}`],
    ['Names', `in .${domain}, others by ${dns.length === 0 ? "this machine's own name servers" : dns.join(', ')}`],
    ...(ipv6 === undefined
      ? []
      : [['IPv6', `${ipv6.prefix}/64, ${ipv6.mode === 'nat' ? 'NAT66' : 'routed'}`] as const]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(11)}${stripControls(text)}`).join('\n');
}

/** Numbered steps; `full`: with the files' texts and the programs that are run. */
export function renderSteps(steps: readonly ShownStep[], full: boolean): string {
  const width = String(steps.length).length;
  return steps
    .flatMap((step, index) => [
      `${String(index + 1).padStart(width)}. ${stripControls(sentence(step.sentence))}`,
      ...(full ? details(step).map((line) => `${' '.repeat(width + 4)}${stripControls(line)}`.trimEnd()) : []),
    ])
    .join('\n');
}

function details({ path, text, mode, commands = [] }: ShownStep): string[] {
  const file =
    path === undefined || text === undefined
      ? []
      : [
          `${path} (${(mode ?? 0o644).toString(8).padStart(4, '0')}):`,
          ...text
            .replace(/\n$/, '')
            .split('\n')
            .map((line) => `| ${line}`),
        ];
  return [...commands.map((argv) => `$ ${argv.map(shown).join(' ')}`), ...file];
}

/** As a person would type it; nothing is ever run through a shell. */
const shown = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
