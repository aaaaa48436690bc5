// The part of firstrun.sh that is the same for every node: the steps as shell functions, POSIX sh with the
// programs of Raspberry Pi OS from buster to trixie. What differs between them is decided on the Pi.
//
// The steps edit files themselves and leave out imager_custom, which later images have for the same edits: it
// writes keys with dash's echo, where a comment such as corp\carol@pc ends the line and swallows the next key.

export const firstrunSteps = String.raw`#!/bin/sh
# Made by piburn. Runs once, as root, on the first boot of this Raspberry Pi: gives it the settings that its card
# was burned with, then takes itself off the card. It may run again if the power fails before it is through.
# No step may stop the ones after it: without the last one the Pi would boot into this script for ever.
set +e

boot=$(dirname "$0")
userconf=/usr/lib/userconf-pi/userconf

# set_hostname NAME
set_hostname() {
  echo "$1" >/etc/hostname
  sed -i '/^127\.0\.1\.1[[:space:]]/d' /etc/hosts
  printf '127.0.1.1\t%s\n' "$1" >>/etc/hosts
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
  if [ "$old" != "$1" ]; then
    usermod -l "$1" "$old"
    usermod -m -d "/home/$1" "$1"
    groupmod -n "$1" "$old"
    sed -i "s/^$old /$1 /" /etc/sudoers.d/010_pi-nopasswd
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
}

uses_network_manager() {
  systemctl -q is-enabled NetworkManager
}

# write_profile <PROFILE: NetworkManager ignores one that others than root may read
write_profile() {
  profile=/etc/NetworkManager/system-connections/piburn-eth0.nmconnection
  rm -f "$profile"
  (umask 077 && cat >"$profile")
}

# add_to_dhcpcd <LINES: at the end, in place of those of an earlier run
add_to_dhcpcd() {
  sed -i '/^# piburn begins$/,/^# piburn ends$/d' /etc/dhcpcd.conf
  { echo '# piburn begins' && cat && echo '# piburn ends'; } >>/etc/dhcpcd.conf
}

# take_itself_off: cmdline.txt first, because the Pi could not start without a script that it still names
take_itself_off() {
  sed -i 's| systemd\.run=.*||' "$boot/cmdline.txt"
  rm -f "$boot/firstrun.sh"
  sync
}
`;
