// `bridge check --configuration`: whether the files are as `create` and `set` wrote them.

import { ipv4Number, netOfChecked, netText } from '../../ipv4-net.js';
import type { BridgePart } from '../../protocol.js';
import { paths, withoutBlock } from '../plan/paths.js';
import type { FileStep } from '../plan/types.js';
import type { BridgeSource } from '../source.js';
import { down, unknown, up } from './part.js';
import type { Records } from './records.js';
import { isOf, namesText } from './reserve.js';

export function checkFiles(records: Records, source: Pick<BridgeSource, 'file' | 'exists'>): BridgePart[] {
  const { here } = records;
  const steps = here.state?.entries.flatMap(({ step }) => (step.kind === 'file' ? [step] : []));
  const files =
    steps === undefined
      ? [unknown('files', 'only root may read how `create` wrote them')]
      : steps.map((step) => filePart(step, source));
  return [...files, reservationPart(records, source)];
}

const createHint = 'run `piburn bridge create` again: it writes the file anew';

function filePart(step: FileStep, source: Pick<BridgeSource, 'file' | 'exists'>): BridgePart {
  const { path, mode, part } = step;
  const now = source.file(path);
  if (now === undefined) return down(path, source.exists(path) ? 'it cannot be read' : 'it is gone', createHint);
  if (part === 'seed') return up(path, 'it is there');
  const drift = part === 'block' ? blockDrift(step, now.text) : firstDifference(step.text, now.text);
  if (drift !== undefined) return down(path, drift, createHint);
  if (now.mode !== mode) return down(path, `its mode is ${octal(now.mode)} instead of ${octal(mode)}`, createHint);
  return up(path, part === 'block' ? 'our lines are as they were written' : 'it is as it was written');
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** What others write around our block is theirs. */
function blockDrift({ text }: FileStep, now: string): string | undefined {
  const block = text.slice(withoutBlock(text).length);
  if (now.includes(block)) return undefined;
  return withoutBlock(now) === now ? 'our lines are gone' : 'our lines were changed';
}

const shownCharacters = 80;

function firstDifference(wanted: string, now: string): string | undefined {
  if (wanted === now) return undefined;
  const [lines, others] = [wanted.split('\n'), now.split('\n')];
  const index = lines.findIndex((line, at) => line !== others[at]);
  const at = index < 0 ? lines.length : index;
  const shown = (line: string | undefined) => (line === undefined ? 'nothing' : `"${line.slice(0, shownCharacters)}"`);
  return `line ${at + 1} is ${shown(others[at])} instead of ${shown(lines[at])}`;
}

/** A later `create` may have moved the network away from under them. */
function reservationPart({ here, file, leases }: Records, source: Pick<BridgeSource, 'file'>): BridgePart {
  const name = 'reservations';
  const net = netOfChecked(here.ip, here.prefixLength);
  const isInside = (value: number) => value > net.first && value < net.last && value !== ipv4Number(here.ip);
  const stray = file.reservations.find(({ address }) => !isInside(ipv4Number(address) ?? 0));
  if (stray !== undefined) {
    const problem = `${stray.name} has ${stray.address} reserved, which no host of ${netText(net)} can have`;
    return down(name, problem, `give it another: \`piburn bridge set ${stray.name} ADDRESS\``);
  }
  // A host that has moved since then is still to be added: no drift.
  const names = new Set((source.file(paths.hosts)?.text ?? '').split('\n'));
  const wanted = new Set(namesText(file.reservations, []).split('\n'));
  const isMissing = file.reservations.some(
    (each) => !names.has(`${each.address}\t${each.name}`) && !leases.some((lease) => isOf(each, lease)),
  );
  if (isMissing || [...names].some((line) => !wanted.has(line))) {
    const problem = `${paths.hosts} does not have the names of ${paths.dhcpHosts}`;
    return down(name, problem, 'run `piburn bridge restart --nohup`');
  }
  const others = file.others.length === 0 ? '' : `, and ${file.others.length} lines that piburn did not write`;
  return up(name, `${file.reservations.length} in ${paths.dhcpHosts}${others}`);
}
