// Raspberry Pi OS waits on its first console until somebody has named its user. When that has been done, it must not
// wait: this is what its own `cancel-rename` does. Source: the package userconf-pi.

import type { RootDraft } from './root-draft.js';
import { disableUnit, enableUnit, isEnabled } from './services.js';

export function endFirstBootWizard(draft: RootDraft): void {
  if (!isEnabled(draft, 'userconfig.service')) return;
  disableUnit(draft, 'userconfig.service');
  // A greeting of sshd, that nobody can log in yet.
  draft.remove('/etc/ssh/sshd_config.d/rename_user.conf');
  draft.remove('/etc/sudoers.d/010_wiz-nopasswd');
  enableUnit(draft, 'getty@tty1.service');
}
