// Raspberry Pi OS up to buster: dhcpcd, /boot, and a user pi whose password everybody knows.

import { isGone, tookItselfOff } from './after-firstrun.js';
import { comesUpAsAsked } from './comes-up-as-asked.js';

comesUpAsAsked({
  burned: 'with a legacy system',
  image: 'legacy',
  checks: [tookItselfOff('/boot'), isGone('/boot/ssh'), isGone('/boot/piburn-firstboot')],
});
