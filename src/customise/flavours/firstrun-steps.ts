// The part of firstrun.sh that is the same for every node: the steps as shell functions, POSIX sh with the
// programs of Raspberry Pi OS from buster to trixie. What differs between them is decided on the Pi.
//
// The steps edit files themselves and leave out imager_custom, which later images have for the same edits: it
// writes keys with dash's echo, where a comment such as corp\carol@pc ends the line and swallows the next key.

import { blockBegin, blockEnd } from './cluster-hosts.js';
import { installFirstboot } from './firstboot.js';
import { networkSteps } from './firstrun-steps-network.js';
import { regionSteps } from './firstrun-steps-region.js';

const identitySteps = String.raw`#!/bin/sh
# Made by piburn. Runs once, as root, on the first boot of this Raspberry Pi: gives it the settings that its card
# was burned with, then takes itself off the card. It may run again if the power fails before it is through.
# No step may stop the ones after it: without the last one the Pi would boot into this script for ever.
set +e

boot=$(dirname "$0")
userconf=/usr/lib/userconf-pi/userconf

# end_last_line FILE: so that what is added to it begins a line of its own
end_last_line() {
  [ -z "$(tail -c 1 "$1")" ] || echo >>"$1"
}

# add_block FILE <LINES: at its end, in place of the lines of an earlier run
add_block() {
  touch "$1" &&
    cp -p "$1" "$1.piburn" &&
    sed -i '/^${blockBegin}$/,/^${blockEnd}$/d' "$1.piburn" &&
    end_last_line "$1.piburn" &&
    { echo '${blockBegin}' && cat && echo '${blockEnd}'; } >>"$1.piburn" &&
    mv "$1.piburn" "$1"
}

# set_hostname NAME
set_hostname() {
  echo "$1" >/etc/hostname
  sed -i '/^127\.0\.1\.1[[:space:]]/d' /etc/hosts
  end_last_line /etc/hosts
  printf '127.0.1.1\t%s\n' "$1" >>/etc/hosts
}

# add_hosts <LINES: the other hosts of the cluster
add_hosts() {
  add_block /etc/hosts
}

# authorize_keys KEY...: for the first user, under whatever name
authorize_keys() {
  user=$(getent passwd 1000 | cut -d: -f1)
  home=$(getent passwd 1000 | cut -d: -f6)
  mkdir -p "$home/.ssh"
  printf '%s\n' "$@" >"$home/.ssh/authorized_keys"
  chmod 700 "$home/.ssh"
  chmod 600 "$home/.ssh/authorized_keys"
  chown -R "$user:" "$home/.ssh"
}

# rename_user NAME HASH: the first user, with home folder, group and sudo rule
rename_user() {
  if [ -x "$userconf" ]; then
    "$userconf" "$1" "$2"
    return
  fi
  old=$(getent passwd 1000 | cut -d: -f1)
  [ "$old" = "$1" ] || usermod -l "$1" "$old"
  [ "$(getent passwd 1000 | cut -d: -f6)" = "/home/$1" ] || usermod -m -d "/home/$1" "$1"
  group=$(getent group 1000 | cut -d: -f1)
  [ "$group" = "$1" ] || groupmod -n "$1" "$group"
  if [ "$old" != "$1" ]; then
    for file in /etc/sudoers.d/010_pi-nopasswd /etc/lightdm/lightdm.conf \
      /etc/systemd/system/getty@tty1.service.d/autologin.conf; do
      [ ! -e "$file" ] || sed -i -E "s/^$old /$1 /; s/^(autologin-user=|.* --autologin )$old( |\$)/\1$1\2/" "$file"
    done
  fi
  echo "$1:$2" | chpasswd -e
}

# allow_sudo NAME: without a password, for a user who has none
allow_sudo() {
  echo "$1 ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/010_piburn
  chmod 440 /etc/sudoers.d/010_piburn
}

# allow_ssh_passwords yes|no
allow_ssh_passwords() {
  sed -i -E "s/^[#[:space:]]*PasswordAuthentication[[:space:]]+(yes|no)[[:space:]]*$/PasswordAuthentication $1/" \
    /etc/ssh/sshd_config
  grep -q '^PasswordAuthentication ' /etc/ssh/sshd_config && return
  cp -p /etc/ssh/sshd_config /etc/ssh/sshd_config.piburn &&
    { echo "PasswordAuthentication $1" && cat /etc/ssh/sshd_config; } >/etc/ssh/sshd_config.piburn &&
    mv /etc/ssh/sshd_config.piburn /etc/ssh/sshd_config
}

enable_ssh() {
  systemctl enable ssh
}
`;

const lastSteps = String.raw`# keep_firstboot ID: the script of --firstboot runs when the Pi boots next, with a network
keep_firstboot() {
  install_firstboot "$boot" "$1" multi-user.target
}

# take_itself_off [CMDLINE]: cmdline.txt first, because the Pi could not start without a script that it still names
take_itself_off() {
  sed -i 's| systemd\.run=.*||' "$boot/${'$'}{1:-cmdline.txt}"
  rm -f "$boot/firstrun.sh"
  sync
}
`;

export const firstrunSteps = [identitySteps, networkSteps, regionSteps, installFirstboot, lastSteps].join('\n');
