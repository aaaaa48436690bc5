#!/bin/sh
# The first process of the virtual machine. Its root is the host's own, shared read-only, so that Node, piburn and every
# program are there; what is to be written goes to /run, in memory, or to /run/disk, which outlives a power cut.
# The kernel's command line gives `agent=`, what to run, and `node=`, with what.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=755 run /run
while read -r module; do
  insmod "/modules/$module" || echo "vm: module $module does not load"
done </modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro host /root || reboot -f
mkdir -p /run/disk /run/home /run/tmp
mount -t ext4 /dev/vda /run/disk || reboot -f
for each in proc sys dev run; do
  mount -o move "/$each" "/root/$each"
done
# shellcheck disable=SC2016 # expanded by the shell of the new root
exec switch_root /root /bin/sh -c '
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TMPDIR=/run/tmp LC_ALL=C.UTF-8
  mkdir -p /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs shm /dev/shm
  mount -t configfs configfs /sys/kernel/config
  for udevd in /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd; do
    [ -x "$udevd" ] && break
  done
  "$udevd" --daemon
  udevadm trigger --action=add --subsystem-match=block --subsystem-match=usb
  for word in $(cat /proc/cmdline); do
    case "$word" in agent=* | node=*) export "${word?}" ;; esac
  done
  # As a child: it reaps what piburn leaves, which the first process of a system has to.
  "$node" "$agent"
  echo "vm: the agent ended with $?"
  echo o >/proc/sysrq-trigger
  sleep 10
'
