// The steps of firstrun.sh that set up the network: for NetworkManager (bookworm on) or for dhcpcd and wpa_supplicant
// (up to bullseye), whichever the Pi has. Shell functions; see firstrun-steps.ts.

import { unblockWifi } from './radio.js';

export const networkSteps = `uses_network_manager() {
  systemctl -q is-enabled NetworkManager
}

# write_profile NAME <PROFILE: NetworkManager ignores one that others than root may read
write_profile() {
  uses_network_manager || return
  profile=/etc/NetworkManager/system-connections/$1.nmconnection
  rm -f "$profile"
  (umask 077 && cat >"$profile")
}

# add_to_dhcpcd <LINES
add_to_dhcpcd() {
  uses_network_manager || add_block /etc/dhcpcd.conf
}

# add_dhcpcd_hook <LINES
add_dhcpcd_hook() {
  uses_network_manager || add_block /etc/dhcpcd.exit-hook
}

# write_wpa_supplicant <FILE
write_wpa_supplicant() {
  ! uses_network_manager || return
  file=/etc/wpa_supplicant/wpa_supplicant.conf
  rm -f "$file"
  (umask 077 && cat >"$file")
}

# set_wifi_country CODE: where wpa_supplicant names one; the kernel has it from cmdline.txt
set_wifi_country() {
  file=/etc/wpa_supplicant/wpa_supplicant.conf
  [ -e "$file" ] || return
  cp -p "$file" "$file.piburn" &&
    { echo "country=$1" && sed '/^country=/d' "$file"; } >"$file.piburn" &&
    mv "$file.piburn" "$file"
}

# unblock_wifi: it is off until a country is set
${unblockWifi}`;
