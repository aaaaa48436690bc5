// Raspberry Pi OS from bullseye on: the image's own first boot, then firstrun.sh, then a system with NetworkManager.

import { isGone, tookItselfOff } from './after-firstrun.js';
import { comesUpAsAsked } from './comes-up-as-asked.js';

comesUpAsAsked({
  burned: 'for firstrun.sh',
  image: 'firstrun',
  checks: [tookItselfOff('/boot/firmware'), isGone('/boot/firmware/piburn-firstboot')],
});
