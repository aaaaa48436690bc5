// dnsmasq judged, configured and started: by the distribution's unit, by one of our own, or by piburn itself.

import type { BridgeSettings } from '../../protocol.js';
import { ownFile } from './address-steps.js';
import { dnsmasqConf } from './dnsmasq-conf.js';
import { confPath, dnsmasqHome, isServedByService, keptByPurge } from './dnsmasq-home.js';
import { install } from './package-steps.js';
import { ownText, paths, units } from './paths.js';
import type { BridgeFacts, CommandStep, Step } from './types.js';

/** Comes before everything that changes something: settings that dnsmasq does not take change nothing. */
export function judgeStep(settings: BridgeSettings, facts: BridgeFacts, purge: boolean): Step {
  const home = dnsmasqHome(facts, purge);
  // In the service's folder others may have put files since then.
  const isShared = home === 'service' && keptByPurge(facts).length > 0;
  return {
    kind: 'command',
    id: 'dnsmasq-test',
    sentence: 'have dnsmasq judge its settings before anything is changed',
    do: [
      {
        argv: ['dnsmasq', '--test', ...(isShared ? [`--conf-dir=${othersFolder}`] : []), '--conf-file=-'],
        input: dnsmasqConf(settings, facts, home),
      },
    ],
    undo: [],
  };
}

/** As /etc/default/dnsmasq has it, without the file of ours that is there: endings, and of shorter names only. */
const othersFolder = '/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new,iburn.conf';

/** `purge`: the distribution's service was removed before. */
export function dnsmasqSteps(settings: BridgeSettings, facts: BridgeFacts, purge: boolean): readonly Step[] {
  const home = dnsmasqHome(facts, purge);
  const path = confPath(home);
  const text = dnsmasqConf(settings, facts, home);
  const conf = ownFile(path, text, 0o644, `write DHCP and DNS settings to ${path}`, [
    'dnsmasq',
    '--test',
    '--conf-file={}',
  ]);
  if (home === 'daemon') return [conf, daemonStep];
  return home === 'service' ? serviceSteps(conf, facts, purge) : ownUnitSteps(conf, facts);
}

const daemonStep: Step = {
  kind: 'daemon',
  id: 'daemon',
  sentence: 'start dnsmasq',
  argv: [
    'dnsmasq',
    `--conf-file=${paths.dnsmasq}`,
    `--pid-file=${paths.pid}`,
    `--log-facility=${paths.log}`,
    // The log grows by starts and errors only.
    '--quiet-dhcp',
    '--quiet-dhcp6',
    '--quiet-ra',
  ],
  after: [paths.dnsmasq],
};

/** It did not run before us, so nothing of it is to be brought back. */
function serviceSteps(conf: Step, facts: BridgeFacts, purge: boolean): readonly Step[] {
  const service = facts.services['dnsmasq'];
  const isThere = service?.exists === true && !purge;
  const wasEnabled = service?.isEnabled === true && !isServedByService(facts);
  return [
    conf,
    ...(isThere ? [] : [install('install-service', ['dnsmasq'])]),
    {
      kind: 'command',
      id: 'dnsmasq',
      sentence: 'enable and restart dnsmasq.service',
      do: [{ argv: ['systemctl', 'enable', 'dnsmasq.service'] }, { argv: ['systemctl', 'restart', 'dnsmasq.service'] }],
      undo: [
        ...(wasEnabled ? [] : [{ argv: ['systemctl', 'disable', 'dnsmasq.service'] }]),
        { argv: ['systemctl', 'stop', 'dnsmasq.service'] },
      ],
      after: [paths.dnsmasq],
    },
  ];
}

/** The dnsmasq of others stays as it is: ours has its own settings, leases and process, and the cluster's interface only. */
function ownUnitSteps(conf: Step, facts: BridgeFacts): readonly Step[] {
  const dnsmasq = facts.programs['dnsmasq'] ?? '/usr/sbin/dnsmasq';
  const text = ownText([
    '[Unit]',
    'Description=piburn bridge: DHCP and DNS for the cluster',
    `After=network.target ${units.bridge}`,
    '',
    '[Service]',
    // It goes into the background when it has its sockets: what it cannot have fails the start.
    'Type=forking',
    `PIDFile=${paths.ownDnsmasqPid}`,
    `ExecStart=${dnsmasq} --conf-file=${paths.ownDnsmasq} --pid-file=${paths.ownDnsmasqPid}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=on-failure',
    'RestartSec=3',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
  return [
    conf,
    reloadUnits('dnsmasq-unit-gone'),
    ownFile(paths.dnsmasqUnit, text, 0o644, `have systemd run dnsmasq with it: ${units.dnsmasq}`),
    {
      kind: 'command',
      id: 'dnsmasq-unit',
      sentence: `enable and start ${units.dnsmasq}`,
      do: [
        { argv: ['systemctl', 'daemon-reload'] },
        { argv: ['systemctl', 'enable', units.dnsmasq] },
        { argv: ['systemctl', 'restart', units.dnsmasq] },
      ],
      undo: [{ argv: ['systemctl', 'disable', '--now', units.dnsmasq] }],
      after: [paths.dnsmasqUnit, paths.ownDnsmasq],
    },
  ];
}

export const reloadUnits = (id: string): CommandStep => ({
  kind: 'command',
  id,
  sentence: 'have systemd forget the unit',
  do: [],
  undo: [{ argv: ['systemctl', 'daemon-reload'] }],
});
