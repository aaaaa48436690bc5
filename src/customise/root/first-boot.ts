// What only the running Pi can do, once: a service for each thing, which disables itself. A stamp with the burn's id says
// that it has been; so the image of a card that piburn made can be burned again.
// Source of the formats: systemd.service(5), systemd.unit(5).

import type { RootDraft } from './root-draft.js';
import { byteString } from './root-edit.js';
import { enableUnit, hasSystemd, needsSystemd, ownUnits } from './services.js';

const scriptFile = '/usr/local/lib/piburn/firstboot';
const logFile = '/var/log/piburn-firstboot.log';

interface OneTimeService {
  readonly name: string;
  readonly description: string;
  readonly after: readonly string[];
  readonly before: readonly string[];
  /** A line for ExecStart. */
  readonly command: string;
  /**
   * When it counts as done. `done`: a boot that ends in the middle leaves it to the next one. `started`: it never runs
   * twice, whatever happens.
   */
  readonly stampWhen: 'started' | 'done';
  /** A line for the end, good or bad. */
  readonly atEnd?: string;
}

/** Before sshd, which does not start without keys. */
export function makeHostKeysLater(draft: RootDraft, burnId: string): void {
  placeService(draft, burnId, {
    name: 'piburn-host-keys',
    description: 'Keys of this host for ssh',
    after: [],
    before: ['ssh.service', 'sshd.service'],
    command: '/usr/bin/ssh-keygen -A',
    stampWhen: 'done',
  });
}

export function compileLocalesLater(draft: RootDraft, burnId: string): void {
  placeService(draft, burnId, {
    name: 'piburn-locales',
    description: 'Languages of this system',
    after: [],
    before: [],
    // The rest of the system works without, so it is not tried at every boot.
    command: '-/usr/sbin/locale-gen',
    stampWhen: 'done',
  });
}

/**
 * The person's script: as root, after everything else, its output in /var/log/piburn-firstboot.log. It may hold secrets,
 * so only root may read it, and it is removed when it has run.
 * @throws PiburnError `ROOT_NO_SYSTEMD`.
 */
export function placeFirstBootScript(draft: RootDraft, script: string, burnId: string): void {
  if (!hasSystemd(draft)) {
    throw needsSystemd('--firstboot on an image with --rootfs', 'leave --firstboot out and run the script by ssh');
  }
  const text = script.startsWith('#!') ? script : `#!/bin/sh\n${script}`;
  draft.write(scriptFile, byteString(text), { mode: 0o700, uid: 0, gid: 0, secrets: [byteString(text)] });
  draft.write(logFile, '', { mode: 0o600, uid: 0, gid: 0 });
  placeService(draft, burnId, {
    name: 'piburn-firstboot',
    description: 'The script that was given to piburn for the first boot',
    after: ['network-online.target', 'piburn-host-keys.service', 'piburn-locales.service', 'ssh.service'],
    before: [],
    command: `/bin/sh -c 'exec ${scriptFile} >>${logFile} 2>&1'`,
    stampWhen: 'started',
    atEnd: `/bin/rm -f ${scriptFile}`,
  });
}

function placeService(draft: RootDraft, burnId: string, service: OneTimeService): void {
  const unit = `${service.name}.service`;
  const stamp = `/var/lib/piburn/${service.name}.${burnId}`;
  const isOnline = service.after.includes('network-online.target');
  const stampAt = service.stampWhen === 'started' ? 'ExecStartPre' : 'ExecStartPost';
  const stampLines = [
    `${stampAt}=/bin/mkdir -p /var/lib/piburn`,
    `${stampAt}=/bin/touch ${stamp}`,
    `${stampAt}=/bin/sync`,
  ];
  const lines = [
    '# Made by piburn.',
    '[Unit]',
    `Description=${service.description}`,
    `ConditionPathExists=!${stamp}`,
    ...(isOnline ? ['Wants=network-online.target'] : []),
    ...(service.after.length > 0 ? [`After=${service.after.join(' ')}`] : []),
    ...(service.before.length > 0 ? [`Before=${service.before.join(' ')}`] : []),
    '',
    '[Service]',
    'Type=oneshot',
    'TimeoutStartSec=infinity',
    'Environment=HOME=/root',
    ...(stampAt === 'ExecStartPre' ? stampLines : []),
    `ExecStart=${service.command}`,
    ...(stampAt === 'ExecStartPost' ? stampLines : []),
    ...(service.atEnd === undefined ? [] : [`ExecStopPost=${service.atEnd}`]),
    `${service.stampWhen === 'started' ? 'ExecStopPost' : 'ExecStartPost'}=-/bin/systemctl --no-reload disable ${unit}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  draft.write(`${ownUnits}/${unit}`, `${lines.join('\n')}\n`, { mode: 0o644, uid: 0, gid: 0 });
  enableUnit(draft, unit);
}
