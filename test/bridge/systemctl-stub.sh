#!/bin/sh
# Enough of systemctl for a bridge in a namespace: dnsmasq.service as Debian has it, units of ours by their Exec lines.
# What is enabled and what runs is in /run/stub.
mkdir -p /run/stub
verb=$1
shift
now=
names=
for word in "$@"; do
  case $word in
  --now) now=1 ;;
  --property | LoadState,*) ;;
  *) names="$names ${word%.service}" ;;
  esac
done
file_of() { echo "/etc/systemd/system/$1.service"; }
known() { [ "$1" = dnsmasq ] && [ -e /run/stub/dnsmasq.installed ] || [ -e "$(file_of "$1")" ]; }
pid_file_of() { sed -n 's/^PIDFile=//p' "$(file_of "$1")"; }
lines_of() { sed -n "s/^$2=-\{0,1\}//p" "$(file_of "$1")"; }
stop() {
  if [ "$1" = dnsmasq ]; then
    [ -s /run/stub/dnsmasq.pid ] && kill "$(cat /run/stub/dnsmasq.pid)" && sleep 0.2
  elif [ -e "/run/stub/$1.active" ]; then
    [ -s "/run/stub/$1.pid" ] && kill "$(cat "/run/stub/$1.pid")" && sleep 0.2
    lines_of "$1" ExecStop | while read -r line; do $line; done
  fi
  rm -f "/run/stub/$1.active" "/run/stub/$1.pid"
}
start() {
  if [ "$1" = dnsmasq ]; then
    dnsmasq --pid-file=/run/stub/dnsmasq.pid --user=root --conf-dir=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new || exit 1
  else
    lines_of "$1" ExecStart > "/run/stub/$1.lines"
    while read -r line; do $line || exit 1; done < "/run/stub/$1.lines"
    [ -z "$(pid_file_of "$1")" ] || cp "$(pid_file_of "$1")" "/run/stub/$1.pid"
  fi
  touch "/run/stub/$1.active"
}
echo "$verb$names" >> /run/stub/log
for name in $names; do
  case $verb in
  show)
    state=inactive load=not-found enabled=
    known "$name" && load=loaded && enabled=disabled
    [ -e "/run/stub/$name.active" ] && state=active
    [ -e "/run/stub/$name.enabled" ] && enabled=enabled
    printf 'LoadState=%s\nActiveState=%s\nUnitFileState=%s\nMainPID=%s\n' "$load" "$state" "$enabled" "$(cat "/run/stub/$name.pid" 2> /dev/null || echo 0)"
    ;;
  is-active) [ -e "/run/stub/$name.active" ] && echo active || { echo inactive; exit 3; } ;;
  enable) known "$name" || exit 1; touch "/run/stub/$name.enabled"; [ -z "$now" ] || start "$name" ;;
  disable) known "$name" || exit 1; rm -f "/run/stub/$name.enabled"; [ -z "$now" ] || stop "$name" ;;
  restart) known "$name" || exit 5; stop "$name"; start "$name" ;;
  stop) known "$name" || exit 5; stop "$name" ;;
  esac
done
exit 0
