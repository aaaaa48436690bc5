#!/bin/sh
# Makes an image that boots in qemu and is laid out like a Raspberry Pi OS: MBR, FAT32 with cmdline.txt and the kernel,
# ext4 with a real Debian (amd64, so that it is quick) of the release it stands for.
#
#   make-image.sh KIND OUT.img FOLDER     KIND: cloudinit, firstrun or legacy
#
# FOLDER keeps the unpacked packages of each Debian release between calls. Needs root, mmdebstrap, dosfstools, mtools,
# e2fsprogs and fdisk. Mounts nothing itself; mmdebstrap mounts /proc and /sys in its own name space.
#
# What Raspberry Pi's own packages do to a card are short stand-ins here: the same paths, arguments and effects.
set -eu

kind=$1 out=$2 folder=$3
export LC_ALL=C.UTF-8 MTOOLSRC=/dev/null PATH="$PATH:/usr/sbin:/sbin"
umask 022

disk_id=b0075eed
boot_mount=/boot/firmware label=bootfs initramfs=initramfs8 suite=bookworm unwanted=''
case $kind in
  # Since November 2025: cloud-init reads the boot partition.
  cloudinit) suite=trixie released=2025-12-04 words='resize' ;;
  # From bullseye on: systemd.run on the kernel's command line, after a first boot of the image's own.
  firstrun) released=2024-11-19 words='quiet init=/usr/lib/raspberrypi-sys-mods/firstboot' unwanted=dhcpcd ;;
  # Up to buster.
  legacy)
    released=2021-05-07 words='quiet init=/usr/lib/raspi-config/init_resize.sh' unwanted=network-manager
    boot_mount=/boot label=boot initramfs=initrd.img
    ;;
  *) echo "make-image.sh: what is '$kind'?" >&2; exit 2 ;;
esac

packages=systemd-sysv,udev,dbus,openssh-server,sudo,iproute2,kmod,locales,tzdata,keyboard-configuration,console-setup
packages=$packages,initramfs-tools,linux-image-cloud-amd64,network-manager
case $suite in
  trixie) packages=$packages,e2fsprogs,cloud-init,netplan.io ;;
  bookworm) packages=$packages,dhcpcd ;;
esac
system=$folder/system-$suite-$(echo "$packages" | cksum | cut -d " " -f 1).tar

work=$out.work
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' INT TERM
rm -rf --one-file-system "$work"
boot=$work/boot root=$work/root
mkdir -p "$boot" "$root"

main() {
  [ -s "$system" ] || unpack_debian
  tar -C "$root" -xpf "$system" --xattrs --xattrs-include='*'
  [ -z "$unwanted" ] || run_inside dpkg --purge --force-depends "$unwanted"
  take_kernel_out
  make_boot_files
  make_system_files
  make_ssh_files
  make_user
  case $kind in
    cloudinit) compile_locale && configure_cloud_init ;;
    firstrun) make_first_boot /usr/lib/raspberrypi-sys-mods/firstboot && make_userconf ;;
    legacy) make_first_boot /usr/lib/raspi-config/init_resize.sh && make_it_old ;;
  esac
  make_image
}

write() { mkdir -p "$root$(dirname "$1")" && cat >"$root$1"; }
write_program() { write "$1" && chmod 755 "$root$1"; }
run_inside() { chroot "$root" "$@"; }

unpack_debian() {
  # Only what the card needs before it has its root: an initramfs of all modules takes a minute to make without KVM.
  cat >"$work/few-modules" <<'HOOK'
#!/bin/sh
[ "$1" != prereqs ] || exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules virtio_pci virtio_blk ext4
HOOK
  cat >"$work/before-kernel" <<HOOK
#!/bin/sh -e
mkdir -p "\$1/etc/initramfs-tools/conf.d" "\$1/etc/initramfs-tools/hooks"
echo MODULES=list >"\$1/etc/initramfs-tools/conf.d/few-modules"
install -m 755 "$work/few-modules" "\$1/etc/initramfs-tools/hooks/few-modules"
HOOK
  chmod 755 "$work/before-kernel"
  mmdebstrap --quiet --mode=root --format=tar --variant=minbase --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --essential-hook="$work/before-kernel" "$suite" "$system.part" "${MIRROR:-http://deb.debian.org/debian}"
  rm -f "$folder/system-$suite"-*.tar
  mv "$system.part" "$system"
}

take_kernel_out() {
  mv "$root"/boot/vmlinuz-* "$boot/kernel8.img"
  mv "$root"/boot/initrd.img-* "$boot/$initramfs"
  rm -rf "${root:?}"/boot/* "$root"/vmlinuz* "$root"/initrd.img*
}

make_boot_files() {
  echo "console=serial0,115200 console=tty1 root=PARTUUID=$disk_id-02 rootfstype=ext4 fsck.repair=yes rootwait $words" \
    >"$boot/cmdline.txt"
  printf '%s\n' 'arm_64bit=1' "initramfs $initramfs followkernel" '' '[all]' >"$boot/config.txt"
  printf '%s\n' "Raspberry Pi reference $released" \
    'Generated using pi-gen, https://github.com/RPi-Distro/pi-gen, 0000000000000000000000000000000000000000, stage2' \
    >"$boot/issue.txt"
  [ "$kind" = cloudinit ] || return 0
  printf '%s\n' '#cloud-config' '# Settings for the first boot. Everything here is commented out.' \
    '#hostname: raspberrypi' '#user:' '#  name: pi' >"$boot/user-data"
  printf '%s\n' 'dsmode: local' 'instance_id: rpios-image' >"$boot/meta-data"
  printf '%s\n' '# Network settings, netplan version 2. Everything here is commented out.' '#network:' '#  version: 2' \
    >"$boot/network-config"
}

make_system_files() {
  mkdir -p "$root$boot_mount"
  echo raspberrypi | write /etc/hostname
  printf '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t\traspberrypi\n' | write /etc/hosts
  write /etc/fstab <<FSTAB
PARTUUID=$disk_id-01 $boot_mount vfat defaults 0 2
PARTUUID=$disk_id-02 / ext4 defaults,noatime 0 1
FSTAB
  : | write /etc/machine-id
  rm -f "$root/etc/resolv.conf"
  # The wired interface is called eth0.
  mkdir -p "$root/etc/systemd/network"
  ln -sf /dev/null "$root/etc/systemd/network/99-default.link"
  # What only takes time in a machine that lives for a minute.
  for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    dpkg-db-backup.timer systemd-pstore.service ldconfig.service systemd-journal-catalog-update.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
}

# ssh is off, and without keys of its own, until the card has started (raspberrypi-sys-mods).
make_ssh_files() {
  rm -f "$root"/etc/ssh/ssh_host_*
  write /etc/systemd/system/regenerate_ssh_host_keys.service <<'UNIT'
[Unit]
Description=Regenerate SSH host keys
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
ExecStartPost=/bin/systemctl disable regenerate_ssh_host_keys
[Install]
WantedBy=multi-user.target
UNIT
  write /etc/systemd/system/sshswitch.service <<UNIT
[Unit]
Description=Turn on SSH if $boot_mount/ssh is present
ConditionPathExistsGlob=$boot_mount/ssh{,.txt}
After=regenerate_ssh_host_keys.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c "systemctl enable --now --no-block ssh && rm -f $boot_mount/ssh $boot_mount/ssh.txt"
[Install]
WantedBy=multi-user.target
UNIT
  run_inside systemctl --quiet disable ssh
  run_inside systemctl --quiet enable regenerate_ssh_host_keys sshswitch
}

# The first user, with a password up to buster only. cloud-init makes its user itself.
make_user() {
  [ "$kind" != cloudinit ] || return 0
  run_inside useradd --create-home --uid 1000 --shell /bin/bash --groups sudo,adm,audio,video,plugdev pi
  [ "$kind" != legacy ] || echo 'pi:raspberry' | run_inside chpasswd
  echo 'pi ALL=(ALL) NOPASSWD: ALL' | write /etc/sudoers.d/010_pi-nopasswd
  chmod 440 "$root/etc/sudoers.d/010_pi-nopasswd"
}

# Raspberry Pi's cloud-init has raspi-config compile a locale; Debian's takes only what is compiled.
compile_locale() {
  echo 'de_DE.UTF-8 UTF-8' | write /etc/locale.gen
  run_inside locale-gen
}

# rpi-cloud-init-mods: the seed is the boot partition; netplan, with NetworkManager behind it.
configure_cloud_init() {
  write /etc/cloud/cloud.cfg.d/99_raspberry-pi.cfg <<CONFIG
datasource_list: [ NoCloud, None ]
datasource:
  NoCloud:
    seedfrom: file://$boot_mount
system_info:
  default_user:
    name: pi
    lock_passwd: true
    gecos: Raspberry Pi
    groups: [adm, audio, users, sudo, video, plugdev, netdev]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
  network:
    renderers: [netplan, network-manager]
ssh_deletekeys: false
ssh_genkeytypes: []
CONFIG
  write /usr/lib/netplan/00-network-manager-all.yaml <<'NETPLAN'
network:
  version: 2
  renderer: NetworkManager
NETPLAN
  chmod 600 "$root/usr/lib/netplan/00-network-manager-all.yaml"
  write /etc/systemd/system/cloud-init-local.service.d/boot.conf <<DROPIN
[Unit]
RequiresMountsFor=$boot_mount
DROPIN
}

# make_first_boot PATH: process 1 of the very first boot. Raspberry Pi's also grows the root; then it does as here.
make_first_boot() {
  write_program "$1" <<SCRIPT
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
mount $boot_mount
sed -i 's| init=/usr/lib/[^ ]*||' $boot_mount/cmdline.txt
sync
umount $boot_mount
mount -o remount,ro /
echo 'The first boot of the image is through.' >/dev/console
reboot -f -f
SCRIPT
}

# userconf NAME HASH (userconf-pi): the first user gets another name and a password.
make_userconf() {
  write_program /usr/lib/userconf-pi/userconf <<'SCRIPT'
#!/bin/sh
old=$(getent passwd 1000 | cut -d: -f1)
if [ "$old" != "$1" ]; then
  usermod -l "$1" "$old"
  usermod -m -d "/home/$1" "$1"
  groupmod -n "$1" "$old"
  sed -i "s/^$old /$1 /" /etc/sudoers.d/010_pi-nopasswd
fi
echo "$1:$2" | chpasswd -e
SCRIPT
}

# By its name, and by what has come since: sshd_config of its own without drop-ins.
make_it_old() {
  rm -f "$root/etc/os-release" "$root/usr/lib/os-release"
  printf '%s\n' 'PRETTY_NAME="Raspbian GNU/Linux 10 (buster)"' 'NAME="Raspbian GNU/Linux"' 'VERSION_ID="10"' \
    'VERSION_CODENAME=buster' 'ID=raspbian' 'ID_LIKE=debian' | write /usr/lib/os-release
  ln -s ../usr/lib/os-release "$root/etc/os-release"
  sed -i '/^Include/d' "$root/etc/ssh/sshd_config"
  rmdir "$root/etc/ssh/sshd_config.d"
  # Bookworm's dhcpcd.service does not start without these; in the old releases they were always there.
  : | write /etc/resolv.conf
  mkdir -p "$root/etc/wpa_supplicant"
  run_inside systemctl --quiet enable dhcpcd
}

make_image() {
  boot_start=8192 boot_sectors=$((96 * 2048))
  root_start=$((boot_start + boot_sectors))
  root_mb=$(($(du -sm "$root" | cut -f1) * 5 / 4 + 128))
  truncate -s "$((root_start * 512 + root_mb * 1048576))" "$work/image"
  sfdisk --quiet "$work/image" <<TABLE
label: dos
label-id: 0x$disk_id
start=$boot_start, size=$boot_sectors, type=c
start=$root_start, type=83
TABLE
  mkfs.vfat -F 32 -s 1 -n "$label" --offset "$boot_start" "$work/image" "$((boot_sectors / 2))" >/dev/null
  for entry in "$boot"/*; do mcopy -s -m -i "$work/image@@$((boot_start * 512))" "$entry" ::; done
  # The features of the official images, not the defaults of this machine; buster's had no checksums.
  features=has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,large_file,dir_nlink,extra_isize
  [ "$kind" = legacy ] || features=$features,metadata_csum
  mke2fs -q -F -t ext4 -b 4096 -I 256 -L rootfs -J size=16 -O "none,$features" \
    -E "offset=$((root_start * 512)),root_owner=0:0,nodiscard" -d "$root" "$work/image" "${root_mb}M"
  mv "$work/image" "$out"
}

main
