// Raspberry Pi OS keeps Wi-Fi off until it knows a country: by rfkill's kept state, and by NetworkManager's (pi-gen
// stage2/02-net-tweaks). A shell function that turns it on, now and for later boots.

export const unblockWifi = `unblock_wifi() {
  for state in /var/lib/systemd/rfkill/*:wlan; do
    [ ! -e "$state" ] || echo 0 >"$state"
  done
  state=/var/lib/NetworkManager/NetworkManager.state
  [ ! -e "$state" ] || sed -i 's/^WirelessEnabled=.*/WirelessEnabled=true/' "$state"
  ! command -v rfkill >/dev/null || rfkill unblock wifi
  # When it runs it has its own mind, and writes that file at its end.
  ! systemctl -q is-active NetworkManager || nmcli radio wifi on
}
`;

/** The kernel's own parameter (Documentation/admin-guide/kernel-parameters.txt), known before any program runs. */
export const regulatoryWord = (country: string | undefined): string[] =>
  country === undefined ? [] : [`cfg80211.ieee80211_regdom=${country}`];

export const earlierRegulatoryWord = String.raw`cfg80211\.ieee80211_regdom=\S*`;
