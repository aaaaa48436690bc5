// The ssh server: started at boot, with keys of its own, and taking passwords only from a user who has one.
// Source of the formats: sshd_config(5), update-rc.d(8), rc-update(8).

import { failure } from '../../errors.js';
import type { NodeUser } from '../../protocol.js';
import { makeHostKeysLater } from './first-boot.js';
import type { RootDraft } from './root-draft.js';
import { enableUnit, findUnit, hasSystemd, isEnabled, needsSystemd } from './services.js';
import { withKeyword } from './sshd-config.js';
import { linesOf } from './text-lines.js';

const configFile = '/etc/ssh/sshd_config';
const dropInFolder = '/etc/ssh/sshd_config.d';
const dropIn = '10-piburn.conf';
/** Debian's name, and everybody else's. */
const names = ['ssh', 'sshd'];

/** @throws PiburnError `ROOT_NO_SSH`, `ROOT_NO_SYSTEMD`. */
export function placeSsh(draft: RootDraft, user: NodeUser | undefined, burnId: string): void {
  const isThere = names.some((name) => findService(draft, name) !== undefined);
  if (!isThere && !draft.isFile(configFile)) {
    if (user !== undefined && user.authorizedKeys.length > 0) throw noServer();
    return;
  }
  if (user !== undefined) configure(draft, user);
  enable(draft);
  if (!hasHostKeys(draft) && !makesHostKeysItself(draft)) {
    if (!hasSystemd(draft)) throw needsSystemd('making the keys of the ssh server', 'put host keys into the image');
    makeHostKeysLater(draft, burnId);
  }
}

function configure(draft: RootDraft, user: NodeUser): void {
  const settings = {
    PasswordAuthentication: user.passwordHash === undefined ? 'no' : 'yes',
    ...(user.authorizedKeys.length > 0 && { PubkeyAuthentication: 'yes' }),
  };
  const main = draft.text(configFile) ?? '';
  if (!readsDropIns(main, Object.keys(settings))) {
    const changed = Object.entries(settings).reduce((text, [name, value]) => withKeyword(text, name, value), main);
    draft.write(configFile, changed);
    return;
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  draft.write(`${dropInFolder}/${dropIn}`, `# Made by piburn.\n${lines.join('\n')}\n`, { mode: 0o644, uid: 0, gid: 0 });
  // The first value counts, so a file that comes before ours would win.
  for (const name of draft.names(dropInFolder).filter((each) => each.endsWith('.conf') && each < dropIn)) {
    const path = `${dropInFolder}/${name}`;
    const text = draft.text(path) ?? '';
    const changed = Object.entries(settings).reduce(
      (all, [keyword, value]) => (mentions(all, keyword) ? withKeyword(all, keyword, value) : all),
      text,
    );
    draft.write(path, changed);
  }
}

/** Whether drop-ins are read before the main file sets anything of ours itself, or speaks of some connections only. */
function readsDropIns(text: string, keywords: readonly string[]): boolean {
  const earlier = new RegExp(`^\\s*(?:match|${keywords.join('|')})[\\s=]`, 'i');
  const first = linesOf(text).find((line) => includeLine.test(line) || earlier.test(line));
  return first !== undefined && includeLine.test(first);
}

/** Paths that are not absolute count from /etc/ssh. */
const includeLine = /^\s*include[\s=]+(?:.*\s)?"?(?:\/etc\/ssh\/)?sshd_config\.d\/\*\.conf"?(?:\s|$)/i;

const mentions = (text: string, keyword: string): boolean => new RegExp(`^\\s*${keyword}[\\s=]`, 'im').test(text);

function enable(draft: RootDraft): void {
  draft.remove('/etc/ssh/sshd_not_to_be_run');
  if (hasSystemd(draft)) {
    // Whichever the image has; with both one is an alias of the other.
    if (!names.some((name) => enableUnit(draft, `${name}.service`))) enableUnit(draft, 'ssh.socket');
    return;
  }
  const name = names.find((each) => draft.isFile(`/etc/init.d/${each}`));
  if (name === undefined) return;
  if (draft.isDirectory('/etc/runlevels/default')) draft.link(`/etc/runlevels/default/${name}`, `/etc/init.d/${name}`);
  else for (const level of [2, 3, 4, 5]) startInRunlevel(draft, level, name);
}

function startInRunlevel(draft: RootDraft, level: number, name: string): void {
  const folder = `/etc/rc${level}.d`;
  const links = draft.names(folder).filter((link) => /^[SK]\d\d/.test(link) && link.slice(3) === name);
  for (const link of links.filter((each) => each.startsWith('K'))) draft.remove(`${folder}/${link}`);
  if (!links.some((link) => link.startsWith('S'))) draft.link(`${folder}/S01${name}`, `../init.d/${name}`);
}

const findService = (draft: RootDraft, name: string): string | undefined =>
  findUnit(draft, `${name}.service`) ?? (draft.isFile(`/etc/init.d/${name}`) ? `/etc/init.d/${name}` : undefined);

const hasHostKeys = (draft: RootDraft): boolean =>
  draft.names('/etc/ssh').some((name) => /^ssh_host_\w+_key$/.test(name));

/** Services of Raspberry Pi OS and of Debian's own images; and scripts that make keys before they start sshd. */
function makesHostKeysItself(draft: RootDraft): boolean {
  const services = ['regenerate_ssh_host_keys.service', 'rpi-generate-ssh-host-keys.service'];
  if (services.some((service) => isEnabled(draft, service))) return true;
  return !hasSystemd(draft) && names.some((name) => draft.text(`/etc/init.d/${name}`)?.includes('ssh-keygen') ?? false);
}

const noServer = () =>
  failure('ROOT_NO_SSH', 'the image has no ssh server, so that a key for it would be of no use', {
    hint: 'leave --sshkey out and give the user a password, or choose an image with an ssh server',
  });
