// Units of systemd: whether they are there, run, and start at boot.

import { given } from '../../given.js';
import type { ServiceFacts } from '../plan/types.js';
import type { BridgeSource } from '../source.js';

export async function readServices(
  source: BridgeSource,
  names: readonly string[],
): Promise<Readonly<Record<string, ServiceFacts>>> {
  const found = await Promise.all(names.map(async (name) => [name, await readService(source, name)] as const));
  return Object.fromEntries(found);
}

async function readService(source: BridgeSource, name: string): Promise<ServiceFacts> {
  const properties = 'LoadState,ActiveState,UnitFileState,MainPID';
  const text = (await source.output('systemctl', ['show', '--property', properties, `${name}.service`])) ?? '';
  const value = (property: string) => new RegExp(`^${property}=(.*)$`, 'm').exec(text)?.[1];
  const pid = Number(value('MainPID'));
  return {
    exists: value('LoadState') === 'loaded',
    isActive: value('ActiveState') === 'active',
    isEnabled: value('UnitFileState')?.startsWith('enabled') ?? false,
    ...given({ pid: pid > 0 ? pid : undefined }),
  };
}
