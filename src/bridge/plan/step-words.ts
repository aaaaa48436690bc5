// What a step does and what its undo does, as sentences. A step that runs nothing has none.

import type { CommandStep, Entry, FileStep, Step } from './types.js';

/** Undefined: there is nothing to do, only something to undo. */
export const doWords = (step: Step): string | undefined =>
  step.kind === 'command' && step.do.length === 0 ? undefined : step.sentence;

/** Undefined: there is nothing to undo. */
export function undoWords({ step, file, value }: Entry): string | undefined {
  switch (step.kind) {
    case 'file':
      return fileWords(step, file !== undefined);
    case 'sysctl':
      return value === undefined || value === step.value
        ? undefined
        : `set ${step.key.replaceAll('/', '.')} back to ${value}`;
    case 'address':
      return `take the address ${step.address.replace(/\/\d+$/, '')} off ${step.interface}`;
    case 'daemon':
      return 'stop dnsmasq';
    case 'command':
      return step.undo.length === 0 ? undefined : commandWords(step);
  }
}

function fileWords({ path, part }: FileStep, wasThere: boolean): string {
  if (part === 'block') return `take our lines out of ${path}`;
  return wasThere ? `put ${path} back as it was` : `remove ${path}`;
}

/** Steps that have nothing to do are called by what they undo. */
function commandWords(step: CommandStep): string {
  if (step.do.length === 0) return step.sentence;
  const [kind = '', name = ''] = step.id.split(':');
  const programs = step.undo.map(({ argv }) => argv);
  const [unit] = programs.filter(([program]) => program === 'systemctl').flatMap((argv) => argv.slice(-1));
  if (unit !== undefined) {
    const isDisabled = programs.some((argv) => argv.includes('disable'));
    return isDisabled ? `stop ${unit} and disable it` : `stop ${unit}`;
  }
  const words: Readonly<Record<string, string>> = {
    nft: 'remove the nftables table inet piburn',
    link: `turn ${name} off`,
    'nm-up': `end NetworkManager's connection piburn-bridge on ${name}`,
    'ifupdown-up': `have ifupdown take ${name} down`,
  };
  return words[kind] ?? `take back: ${step.sentence}`;
}
