// The script of `--firstboot`: it lies on the boot partition until the Pi has started, then in /var/lib/piburn, and runs
// once, as root, when there is a network. Plain POSIX sh, the same for every flavour.

import type { Node } from '../../protocol.js';
import type { BootFile } from './flavour.js';

export const firstbootPath = 'piburn-firstboot';

/** It may hold passwords, so none of it is shown. */
export const firstbootFiles = ({ firstboot }: Node): BootFile[] =>
  firstboot === undefined ? [] : [{ path: firstbootPath, text: firstboot, secrets: [firstboot] }];

/**
 * A shell function. It can be called again and again: the script leaves the boot partition when its copy, the runner and
 * the unit are safely on disk. The runner sets its stamp before it starts the script, so that a power failure never
 * makes it run twice.
 */
export const installFirstboot = `# install_firstboot BOOT ID TARGET [UNIT]: have systemd start the script of --firstboot once, with TARGET, after UNIT
install_firstboot() {
  state=/var/lib/piburn
  [ -e "$1/piburn-firstboot" ] || return 0
  mkdir -p "$state" && chmod 700 "$state" || return 1
  (umask 077 && cat "$1/piburn-firstboot" >"$state/new") && chmod 700 "$state/new" || return 1
  cat >"$state/run-firstboot" <<'RUNNER' || return 1
#!/bin/sh
# Made by piburn. Starts the script of --firstboot, but never a second time.
state=/var/lib/piburn
script=$state/firstboot-$1
log=/var/log/piburn-firstboot.log
[ -e "$script" ] || exit 0
(umask 077 && touch "$log")
if [ -e "$script.started" ]; then
  echo "piburn: the script was interrupted, and is not started again" >>"$log"
else
  date >"$script.started" || exit 1
  sync
  [ "$(head -c 2 "$script")" = '#!' ] && interpreter= || interpreter=sh
  {
    echo "piburn: started at $(date)"
    HOME=/root $interpreter "$script" </dev/null
    echo "piburn: ended with exit status $? at $(date)"
  } >>"$log" 2>&1
fi
rm -f "$script"
systemctl disable piburn-firstboot.service
rm -f /etc/systemd/system/piburn-firstboot.service "$state/run-firstboot"
RUNNER
  cat >/etc/systemd/system/piburn-firstboot.service <<UNIT || return 1
[Unit]
Description=The script of --firstboot that piburn put on the card
Wants=network-online.target
After=network-online.target $4
ConditionPathExists=$state/firstboot-$2
[Service]
Type=simple
ExecStart=/bin/sh $state/run-firstboot $2
[Install]
WantedBy=$3
UNIT
  sync
  [ -e "$state/firstboot-$2.started" ] || mv "$state/new" "$state/firstboot-$2" || return 1
  systemctl enable piburn-firstboot.service || return 1
  sync
  rm -f "$1/piburn-firstboot" "$state/new"
  sync
}
`;
