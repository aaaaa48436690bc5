// A program of its own, which `bridge create` starts where there is no systemd: keeps dnsmasq going (bridge/keep-dnsmasq.ts). Its
// words are those of dnsmasq's command line.

import { appendFileSync } from 'node:fs';
import { keep } from '../bridge/keep-dnsmasq.js';
import { paths } from '../bridge/plan/paths.js';
import { liveSystem } from '../bridge/system.js';

let [isStarting, isEnding] = [false, false];
process.on('SIGTERM', () => {
  isEnding = true;
  if (!isStarting) process.exit(0);
});
await keep(process.argv.slice(2), process.pid, liveSystem, {
  onStarting: (now) => {
    isStarting = now;
  },
  isEnding: () => isEnding,
  say: (text) => appendFileSync(paths.log, `${new Date().toISOString()} piburn: ${text}\n`),
});
