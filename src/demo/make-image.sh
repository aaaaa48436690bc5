#!/bin/sh
# Makes a small image that looks like a Raspberry Pi OS to whatever reads partitions and files, but boots nowhere:
# for the demonstration, which burns it onto files, and for the tests. The same call gives the same bytes.
#
#   make-image.sh                      writes pi-like.img.xz beside this script
#   make-image.sh OUT.img[.xz] [trixie|bookworm|bullseye] [--boot-mb N] [--root-mb N] [--files]
#
# --files fills the root with 12 MB more, in many small files and a few large ones.
# Needs dosfstools, mtools, e2fsprogs, fdisk and, for .xz, xz-utils. Prints where the partitions are as JSON.
set -eu

fail() { echo "make-image.sh: $1" >&2; exit 2; }

out=$(dirname "$0")/pi-like.img.xz
kind=trixie
boot_mb=64
root_mb=96
with_files=no
[ $# -eq 0 ] || { out=$1; shift; }
while [ $# -gt 0 ]; do
  case $1 in
    trixie | bookworm | bullseye) kind=$1 ;;
    --boot-mb) boot_mb=${2:?--boot-mb needs a number}; shift ;;
    --root-mb) root_mb=${2:?--root-mb needs a number}; shift ;;
    --files) with_files=yes ;;
    *) fail "what is '$1'?" ;;
  esac
  shift
done

# What differs between the releases, as pi-gen made them.
disk_id=5e3da3da
case $kind in
  trixie) boot_start=16384 label=bootfs released=2025-11-24 words='resize' ;;
  bookworm) boot_start=8192 label=bootfs released=2024-11-19 words='quiet init=/usr/lib/raspberrypi-sys-mods/firstboot' ;;
  bullseye) boot_start=8192 label=boot released=2022-04-04 words='quiet init=/usr/lib/raspi-config/init_resize.sh' ;;
esac

# Whoever makes the image, wherever and whenever: the same bytes.
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1764000000 E2FSPROGS_FAKE_TIME=1764000000
export MTOOLSRC=/dev/null
umask 022
PATH=$PATH:/usr/sbin:/sbin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$work/pi.img
boot=$work/boot
root=$work/root
export MKE2FS_CONFIG="$work/mke2fs.conf"
mkdir "$boot" "$root"

main() {
  make_boot_files
  make_root_files
  find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  make_partitions
  make_boot_file_system
  make_root_file_system
  case $out in
    # Several blocks, as in the official images, so that they can be decoded in parallel.
    *.xz) xz --threads=2 --block-size=32MiB -9e --stdout "$image" >"$out" ;;
    *) cp --sparse=always "$image" "$out" ;;
  esac
  print_layout
}

# Bytes that hardly compress and are always the same: noise FIRST LAST
noise() { seq "$1" "$2" | gzip -9n; }

make_boot_files() {
  mkdir "$boot/overlays"
  echo "console=serial0,115200 console=tty1 root=PARTUUID=$disk_id-02 rootfstype=ext4 fsck.repair=yes rootwait $words" \
    >"$boot/cmdline.txt"
  printf '%s\n' '# For more options see http://rptl.io/configtxt' 'dtparam=audio=on' 'camera_auto_detect=1' \
    'arm_64bit=1' '' '[all]' >"$boot/config.txt"
  printf '%s\n' "Raspberry Pi reference $released" \
    'Generated using pi-gen, https://github.com/RPi-Distro/pi-gen, 0000000000000000000000000000000000000000, stage2' \
    >"$boot/issue.txt"
  echo 'Overlays of the firmware would be here.' >"$boot/overlays/README"
  noise 1 12000 | head -c 20480 >"$boot/kernel8.img"
  [ "$kind" = bullseye ] || noise 9001 11000 | head -c 4096 >"$boot/initramfs8"
  [ "$kind" = trixie ] || return 0
  printf '%s\n' '#cloud-config' '# Settings for the first boot. Everything here is commented out.' \
    '#hostname: raspberrypi' '#user:' '#  name: pi' '#enable_ssh: true' >"$boot/user-data"
  printf '%s\n' 'dsmode: local' 'instance_id: rpios-image' >"$boot/meta-data"
  printf '%s\n' '# Network settings, netplan version 2. Everything here is commented out.' \
    '#network:' '#  version: 2' '#  ethernets:' '#    eth0:' '#      dhcp4: true' >"$boot/network-config"
}

make_root_files() {
  mkdir -p "$root/boot/firmware" "$root/etc" "$root/home/pi" "$root/usr/bin" "$root/usr/lib" "$root/var/log"
  printf '%s\n' "PRETTY_NAME=\"Debian GNU/Linux ($kind)\"" 'NAME="Debian GNU/Linux"' "VERSION_CODENAME=$kind" 'ID=debian' \
    >"$root/usr/lib/os-release"
  ln -s ../usr/lib/os-release "$root/etc/os-release"
  echo raspberrypi >"$root/etc/hostname"
  printf '127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n' >"$root/etc/hosts"
  printf 'PARTUUID=%s-01 /boot/firmware vfat defaults 0 2\nPARTUUID=%s-02 / ext4 defaults,noatime 0 1\n' \
    "$disk_id" "$disk_id" >"$root/etc/fstab"
  noise 20000 24000 | head -c 8192 >"$root/usr/bin/program"
  truncate -s 1M "$root/var/log/zeros"
  [ "$with_files" = no ] || make_more_files
}

make_more_files() {
  mkdir -p "$root/usr/share/small" "$root/usr/share/large"
  for number in $(seq 1 300); do noise "$number" "$((number + 400))" >"$root/usr/share/small/file-$number"; done
  for number in 1 2 3 4; do
    noise "${number}000000" "$((number * 1000000 + 1200000))" | head -c 3000000 >"$root/usr/share/large/file-$number"
  done
}

make_partitions() {
  boot_sectors=$((boot_mb * 2048))
  root_start=$((boot_start + boot_sectors))
  root_sectors=$((root_mb * 2048))
  truncate -s "$(((root_start + root_sectors) * 512))" "$image"
  sfdisk --quiet "$image" <<TABLE
label: dos
label-id: 0x$disk_id
start=$boot_start, size=$boot_sectors, type=c
start=$root_start, size=$root_sectors, type=83
TABLE
}

make_boot_file_system() {
  # Small clusters as in the images of 2026, and so that even a small volume has enough of them to be FAT32.
  mkfs.vfat --invariant -F 32 -s 1 -n "$label" -i 5e3da3db --offset "$boot_start" "$image" "$((boot_mb * 1024))" >/dev/null 2>&1
  for entry in "$boot"/*; do mcopy -s -m -i "$image@@$((boot_start * 512))" "$entry" ::; done
}

make_root_file_system() {
  # The features of the official images, not the defaults of this machine.
  printf '[fs_types]\n%s = {\ninode_size = 256\n}\n%s = {\ninode_size = 256\n}\n' ext4 small >"$MKE2FS_CONFIG"
  mke2fs -q -F -t ext4 -b 4096 -L rootfs -m 1 -J size=4 \
    -O none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,large_file,dir_nlink,extra_isize,metadata_csum \
    -U 3f8a1c52-6d0e-4b5b-9a53-0d6c2f7e8a11 \
    -E "offset=$((root_start * 512)),hash_seed=0f6d3b84-2c57-4e0a-8d1f-7b5a9c3e2d10,root_owner=0:0,nodiscard" \
    -d "$root" "$image" "$((root_mb * 1024))k"
  set_owners_and_times
}

# mke2fs copies the owner of a file and the time of its last change of status from this machine.
set_owners_and_times() {
  find "$root" -mindepth 1 -printf 'set_inode_field /%P ctime @TIME\nset_inode_field /%P ctime_extra 0\nset_inode_field /%P uid 0\nset_inode_field /%P gid 0\n' |
    sed "s/@TIME/@$SOURCE_DATE_EPOCH/" >"$work/fields"
  debugfs -w -f "$work/fields" "$image?offset=$((root_start * 512))" >/dev/null 2>&1
}

print_layout() {
  printf '{"boot":{"offsetBytes":%d,"lengthBytes":%d},"root":{"offsetBytes":%d,"lengthBytes":%d}}\n' \
    "$((boot_start * 512))" "$((boot_sectors * 512))" "$((root_start * 512))" "$((root_sectors * 512))"
}

main
