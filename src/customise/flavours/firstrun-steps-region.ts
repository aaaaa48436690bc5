// The steps of firstrun.sh for locale, time zone and keyboard. raspi-config does them where there is one, because it knows
// the desktop too; a system without it, or a value that it refuses, gets its files edited. See firstrun-steps.ts.

export const regionSteps = `has_raspi_config() {
  command -v raspi-config >/dev/null
}

# set_locale NAME: such as en_GB.UTF-8
set_locale() {
  has_raspi_config && raspi-config nonint do_change_locale "$1" && return
  if [ "$1" != C.UTF-8 ]; then
    sed -i "/^$1 /d" /etc/locale.gen
    echo "$1 UTF-8" >>/etc/locale.gen
    locale-gen
  fi
  update-locale "LANG=$1" || echo "LANG=$1" >/etc/default/locale
}

# set_timezone NAME: such as Europe/London
set_timezone() {
  has_raspi_config && raspi-config nonint do_change_timezone "$1" && return
  [ -e "/usr/share/zoneinfo/$1" ] || return
  ln -sf "/usr/share/zoneinfo/$1" /etc/localtime
  echo "$1" >/etc/timezone
}

# set_keymap LAYOUT VARIANT: raspi-config knows no variants, but keeps the one that the file has
set_keymap() {
  cat >/etc/default/keyboard <<KEYBOARD
XKBMODEL="pc105"
XKBLAYOUT="$1"
XKBVARIANT="$2"
XKBOPTIONS=""
BACKSPACE="guess"
KEYBOARD
  has_raspi_config && raspi-config nonint do_configure_keyboard "$1" && return
  dpkg-reconfigure -f noninteractive keyboard-configuration
}
`;
