// `TARGET:PATH`, a place on a card: on its boot partition (`boot/…`), on its root (`root/…`), or where the running Pi has
// it (`/…`).

import { usageError } from '../../errors.js';
import type { CardView } from './view.js';

export interface CardPath {
  readonly target: string;
  /** As it was typed, `boot/…`, `root/…` or `/…`; empty for the card itself. */
  readonly path: string;
}

const example =
  'write /dev/sda:boot/cmdline.txt, card.img:root/etc/hostname, or /dev/sda:/etc/hostname as the Pi sees it';

/**
 * Splits at the last colon that is followed by `/`, `boot` or `root`: the names of devices may hold colons themselves.
 * Without a target before the colon it is `defaultTarget`.
 * @throws PiburnError (usage) `CARD_PATH`, `NO_TARGET`.
 */
export function parseCardPath(word: string, defaultTarget: string | undefined): CardPath {
  const [, named, path] = /^(.*):((?:boot|root)(?:\/.*)?|\/.*)$/s.exec(word) ?? [];
  if (named === undefined || path === undefined) {
    if (/:[^/]*$/.test(word) && !word.startsWith('/dev/')) {
      throw usageError('CARD_PATH', `'${word}' names no place on a card`, { hint: example });
    }
    return { target: word, path: '' };
  }
  const target = named === '' ? defaultTarget : named;
  if (target === undefined)
    throw usageError('NO_TARGET', `'${word}' names no card`, { hint: `${example}; or set DEV` });
  return { target, path };
}

export interface VolumePath {
  readonly volume: 'boot' | 'root';
  /** From the volume's root, without a `/` in front. */
  readonly path: string;
}

/** Undefined for the card itself. */
export function findVolume({ how }: CardView, path: string): VolumePath | undefined {
  if (path === '') return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!path.startsWith('/')) return { volume: parts[0] === 'boot' ? 'boot' : 'root', path: parts.slice(1).join('/') };
  const mount = how.bootMount.split('/').filter((part) => part !== '');
  const isOnBoot = mount.every((part, index) => parts[index] === part);
  return isOnBoot
    ? { volume: 'boot', path: parts.slice(mount.length).join('/') }
    : { volume: 'root', path: parts.join('/') };
}
