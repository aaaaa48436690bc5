// Where a disk is plugged in, from its path below /sys/devices (Linux, Documentation/ABI/testing/sysfs-bus-usb; the
// shape of `by-path` names of systemd's path_id). Names and bus numbers change when a reader is plugged in again or
// the machine starts anew; controller, root hub version, hub ports and LUN do not.

import { given } from '../given.js';
import { naturally } from './natural-order.js';
import type { SystemSource } from './system-source.js';

export interface BusPlace {
  /** `pci-0000:00:14.0-usb3-1.4-lun0`, `platform-fe980000.usb-usb2-1-lun0`, `mmc-fe340000.mmc`. */
  readonly port?: string;
  /** sysfs name of the hub, `3-1`; undefined on a port of the computer itself. */
  readonly usbHub?: string;
  readonly usbSpeedMbps?: number;
}

/** The place of a disk; nothing for disks that are neither on USB nor on an MMC bus. */
export function busPlace(realPath: string, source: SystemSource): BusPlace {
  return usbPlace(realPath, source) ?? mmcPlace(realPath, source) ?? {};
}

/** CONTROLLER/usbN/HUB/…/DEVICE/DEVICE:CONFIGURATION.INTERFACE/REST */
const usbPath = /^(.*)\/(usb[0-9]+)\/((?:[0-9]+-[0-9.]+\/)+)[0-9]+-[0-9.]+:[0-9]+\.([0-9]+)\/(.*)$/;

function usbPlace(realPath: string, source: SystemSource): BusPlace | undefined {
  const [, controller, bus, chain, interfaceNumber, rest] = usbPath.exec(realPath) ?? [];
  if (controller === undefined || bus === undefined || chain === undefined || rest === undefined) return undefined;
  const devices = chain.split('/').slice(0, -1);
  const device = devices.at(-1) ?? '';
  const root = `${controller}/${bus}`;
  const read = (path: string) => Number(source.readText(`${root}/${path}`) ?? Number.NaN);
  // A controller has a root hub for USB 2 and another one for USB 3, which number their ports alike.
  const version = Math.trunc(read('version'));
  const speedMbps = read(`${devices.join('/')}/speed`);
  const parts = [
    controllerName(controller),
    `usb${Number.isNaN(version) ? '' : version}`,
    device.slice(device.indexOf('-') + 1),
    ...(Number(interfaceNumber) > 0 ? [`if${interfaceNumber}`] : []),
    ...unitOf(rest),
  ];
  return {
    port: parts.join('-'),
    ...given({ usbHub: devices.at(-2), usbSpeedMbps: speedMbps > 0 ? speedMbps : undefined }),
  };
}

/** Which of the disks behind one USB interface: a SCSI unit (HOST:CHANNEL:TARGET:LUN), or a card on an MMC bus. */
function unitOf(rest: string): string[] {
  const [, target, lun] = /\/[0-9]+:[0-9]+:([0-9]+):([0-9]+)\//.exec(`/${rest}`) ?? [];
  if (lun !== undefined) return [...(target === '0' ? [] : [`id${target}`]), `lun${lun}`];
  return rest.includes('mmc_host/') ? ['mmc'] : [];
}

function mmcPlace(realPath: string, source: SystemSource): BusPlace | undefined {
  const [, controller, host] = /^(.*)\/mmc_host\/(mmc[0-9]+)\//.exec(realPath) ?? [];
  if (controller === undefined || host === undefined) return undefined;
  const name = controllerName(controller).replace(/^(pci|platform)-/, '');
  // Several slots of one controller are told apart by their order; their numbers are not the same after each start.
  const hosts = [...source.list(`${controller}/mmc_host`)].sort(naturally);
  return { port: `mmc-${name}${hosts.length > 1 ? `-slot${hosts.indexOf(host)}` : ''}` };
}

const pciAddress = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/;

/**
 * The device that the bus belongs to, by its address. A driver's own child (`xhci-hcd.1`, `rtsx_pci_sdmmc.0`) is
 * numbered in the order of discovery, and its parent is named instead, unless that is a bus that others share.
 */
function controllerName(path: string): string {
  const [parent = '', own = ''] = path.split('/').slice(-2);
  const isNumbered = /^[a-z][a-z0-9_-]*\.[0-9]+(\.auto)?$/.test(own);
  const isAddress = pciAddress.test(parent) || /^[0-9a-f]+\.(?!pcie|soc|bus)/.test(parent);
  const name = isNumbered && isAddress ? parent : own;
  return pciAddress.test(name) ? `pci-${name}` : `platform-${name}`;
}
